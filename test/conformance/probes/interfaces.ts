import { codeOf, EC2_API, EC2_ERRORS, type Asking, type Probe } from "../probe.ts";

const MODIFY = `${EC2_API}API_ModifyNetworkInterfaceAttribute.html`;
const MISSING_INTERFACE = "eni-0123456789abcdef0";

async function interfaceNow({ ec2 }: Asking, id: string) {
  const { NetworkInterfaces } = await ec2.describeNetworkInterfaces({ NetworkInterfaceIds: [id] });
  return NetworkInterfaces?.[0];
}

function setGroups({ ec2, surroundings }: Asking, groupIds: readonly string[]) {
  return ec2.modifyNetworkInterfaceAttribute({
    NetworkInterfaceId: surroundings.secondaryId,
    Groups: [...groupIds],
  });
}

/** The group's part in the tests instead of its id. */
function nameOf({ surroundings }: Asking, id: string | undefined): string {
  if (id === surroundings.webGroupId) return "web";
  return id === surroundings.sealedGroupId ? "sealed" : "other";
}

function groupsOf(
  asking: Asking,
  shown: { Groups?: { GroupId?: string | undefined }[] | undefined } | undefined,
): string[] {
  return (shown?.Groups ?? []).map(({ GroupId }) => nameOf(asking, GroupId)).sort();
}

/** What the cut itself rests on: interfaces and their groups. */
export const interfaceProbes: readonly Probe[] = [
  {
    id: "interfaces-of-an-instance",
    service: "ec2",
    operation: "DescribeNetworkInterfaces",
    documented: "The filter attachment.instance-id finds the interfaces that are attached to an instance.",
    page: `${EC2_API}API_DescribeNetworkInterfaces.html`,
    expected: [
      { device: 0, status: "in-use", attachment: "attached", type: "interface", managed: false },
      { device: 1, status: "in-use", attachment: "attached", type: "interface", managed: false },
    ],
    async ask({ ec2, surroundings }) {
      const { NetworkInterfaces = [] } = await ec2.describeNetworkInterfaces({
        Filters: [{ Name: "attachment.instance-id", Values: [surroundings.instanceId] }],
      });
      return NetworkInterfaces.map((each) => ({
        device: each.Attachment?.DeviceIndex ?? null,
        status: each.Status ?? null,
        attachment: each.Attachment?.Status ?? null,
        type: each.InterfaceType ?? null,
        managed: each.RequesterManaged ?? null,
      })).sort((one, other) => Number(one.device) - Number(other.device));
    },
  },
  {
    id: "groups-are-replaced",
    service: "ec2",
    operation: "ModifyNetworkInterfaceAttribute",
    documented: "The new set of groups replaces the current set, on each interface of the instance.",
    page: MODIFY,
    expected: { primary: [["web"], ["sealed"]], secondary: [["web"], ["sealed"]] },
    async ask(asking) {
      const { webGroupId, sealedGroupId, primaryId, secondaryId } = asking.surroundings;
      const swap = async (NetworkInterfaceId: string): Promise<string[][]> => {
        const seen = [];
        for (const group of [webGroupId, sealedGroupId]) {
          await asking.ec2.modifyNetworkInterfaceAttribute({ NetworkInterfaceId, Groups: [group] });
          seen.push(groupsOf(asking, await interfaceNow(asking, NetworkInterfaceId)));
        }
        return seen;
      };
      return { primary: await swap(primaryId), secondary: await swap(secondaryId) };
    },
  },
  {
    id: "groups-shown-with-the-instance",
    service: "ec2",
    operation: "DescribeInstances",
    documented: "An instance shows each of its interfaces with the groups that it has.",
    page: `${EC2_API}API_InstanceNetworkInterface.html`,
    expected: ["sealed"],
    async ask(asking) {
      const { ec2, surroundings } = asking;
      await setGroups(asking, [surroundings.sealedGroupId]);
      const { Reservations } = await ec2.describeInstances({ InstanceIds: [surroundings.instanceId] });
      const shown = Reservations?.[0]?.Instances?.[0]?.NetworkInterfaces?.find(
        ({ NetworkInterfaceId }) => NetworkInterfaceId === surroundings.secondaryId,
      );
      return groupsOf(asking, shown);
    },
  },
  {
    id: "groups-of-an-instance-with-two-interfaces",
    service: "ec2",
    operation: "ModifyInstanceAttribute",
    documented: "Changing the groups by the instance is an error where it has more than one interface.",
    page: `${EC2_API}API_ModifyInstanceAttribute.html`,
    expected: "InvalidInstanceID",
    ask: ({ ec2, surroundings }) =>
      codeOf(
        ec2.modifyInstanceAttribute({ InstanceId: surroundings.instanceId, Groups: [surroundings.sealedGroupId] }),
      ),
  },
  {
    id: "an-unknown-group",
    service: "ec2",
    operation: "ModifyNetworkInterfaceAttribute",
    documented: "InvalidGroup.NotFound: the group does not exist.",
    page: EC2_ERRORS,
    expected: "InvalidGroup.NotFound",
    ask: (asking) => codeOf(setGroups(asking, ["sg-0123456789abcdef0"])),
  },
  {
    id: "an-unknown-interface",
    service: "ec2",
    operation: "ModifyNetworkInterfaceAttribute",
    documented: "InvalidNetworkInterfaceID.NotFound: the interface does not exist.",
    page: EC2_ERRORS,
    expected: "InvalidNetworkInterfaceID.NotFound",
    ask: ({ ec2, surroundings }) =>
      codeOf(
        ec2.modifyNetworkInterfaceAttribute({
          NetworkInterfaceId: MISSING_INTERFACE,
          Groups: [surroundings.sealedGroupId],
        }),
      ),
  },
  {
    id: "describing-an-unknown-interface",
    service: "ec2",
    operation: "DescribeNetworkInterfaces",
    documented: "InvalidNetworkInterfaceID.NotFound: the interface does not exist.",
    page: EC2_ERRORS,
    expected: "InvalidNetworkInterfaceID.NotFound",
    ask: ({ ec2 }) => codeOf(ec2.describeNetworkInterfaces({ NetworkInterfaceIds: [MISSING_INTERFACE] })),
  },
  {
    id: "idle-timers",
    service: "ec2",
    operation: "ModifyNetworkInterfaceAttribute",
    documented: "The idle timers that were set are shown with the interface.",
    page: `${EC2_API}API_ConnectionTrackingSpecificationRequest.html`,
    expected: { TcpEstablishedTimeout: 60, UdpTimeout: 30, UdpStreamTimeout: 60 },
    async ask(asking) {
      await asking.ec2.modifyNetworkInterfaceAttribute({
        NetworkInterfaceId: asking.surroundings.secondaryId,
        ConnectionTrackingSpecification: { TcpEstablishedTimeout: 60, UdpTimeout: 30, UdpStreamTimeout: 60 },
      });
      const shown = (await interfaceNow(asking, asking.surroundings.secondaryId))?.ConnectionTrackingConfiguration;
      return {
        TcpEstablishedTimeout: shown?.TcpEstablishedTimeout ?? null,
        UdpTimeout: shown?.UdpTimeout ?? null,
        UdpStreamTimeout: shown?.UdpStreamTimeout ?? null,
      };
    },
  },
  {
    id: "an-idle-timer-out-of-bounds",
    service: "ec2",
    operation: "ModifyNetworkInterfaceAttribute",
    documented: "TcpEstablishedTimeout is at least 60 seconds; InvalidParameterValue says that a value is not valid.",
    page: `${EC2_API}API_ConnectionTrackingSpecificationRequest.html`,
    expected: "InvalidParameterValue",
    ask: ({ ec2, surroundings }) =>
      codeOf(
        ec2.modifyNetworkInterfaceAttribute({
          NetworkInterfaceId: surroundings.secondaryId,
          ConnectionTrackingSpecification: { TcpEstablishedTimeout: 59 },
        }),
      ),
  },
  {
    id: "two-attributes-at-once",
    service: "ec2",
    operation: "ModifyNetworkInterfaceAttribute",
    documented: "Only one attribute can be specified at a time.",
    page: MODIFY,
    expected: "InvalidParameterCombination",
    ask: ({ ec2, surroundings }) =>
      codeOf(
        ec2.modifyNetworkInterfaceAttribute({
          NetworkInterfaceId: surroundings.secondaryId,
          Groups: [surroundings.sealedGroupId],
          Description: { Value: "both" },
        }),
      ),
  },
  {
    id: "a-dry-run",
    service: "ec2",
    operation: "ModifyNetworkInterfaceAttribute",
    documented: "DryRunOperation: the request would have succeeded; nothing is changed.",
    page: EC2_ERRORS,
    expected: ["DryRunOperation", ["sealed"]],
    async ask(asking) {
      const { ec2, surroundings } = asking;
      await setGroups(asking, [surroundings.sealedGroupId]);
      const code = await codeOf(
        ec2.modifyNetworkInterfaceAttribute({
          NetworkInterfaceId: surroundings.secondaryId,
          Groups: [surroundings.webGroupId],
          DryRun: true,
        }),
      );
      return [code, groupsOf(asking, await interfaceNow(asking, asking.surroundings.secondaryId))];
    },
  },
];
