import type { Instance, NetworkInterface } from "../world/model.ts";
import type { Place } from "../world/world.ts";
import { DAY_MS, isFounded, MINUTE_MS, writeEvent } from "./past-event.ts";
import { pastService, type Principal } from "./principals.ts";

/** Writes how instances were launched and how further interfaces came to be. */
export function foundInterfaces(place: Place, times: ReadonlyMap<string, number>): void {
  const { region } = place;
  for (const instance of region.instances.values()) if (!isFounded(place, instance.id)) foundLaunch(place, instance);
  for (const network of region.interfaces.values()) {
    if (isFounded(place, network.id)) continue;
    const { attachment, groupIds } = network;
    const made = Math.max(...groupIds.map((id) => times.get(id) ?? 0), 0) || place.world.now() - 40 * DAY_MS;
    foundInterface(place, network, attachment ? attachment.attachTime - MINUTE_MS / 2 : made + MINUTE_MS * 60);
  }
}

function primaryOf({ region }: Place, instance: Instance): NetworkInterface | undefined {
  return [...region.interfaces.values()].find(
    ({ attachment }) => attachment?.instanceId === instance.id && attachment.deviceIndex === 0,
  );
}

function foundLaunch(place: Place, instance: Instance): void {
  const primary = primaryOf(place, instance);
  if (!primary || isFounded(place, primary.id)) return;
  const { account } = place;
  const at = primary.attachment?.attachTime ?? instance.launchTime;
  const profile = instance.profileAssociation;
  writeEvent(place, {
    at,
    operation: "RunInstances",
    ...(instance.autoScalingGroupName === null ? {} : { by: pastService(account.id, "autoscaling.amazonaws.com") }),
    input: {
      ImageId: instance.imageId,
      MinCount: 1,
      MaxCount: 1,
      InstanceType: instance.instanceType,
      SubnetId: instance.subnetId,
      SecurityGroupIds: primary.groupIds.slice(),
      ...(instance.keyName === null ? {} : { KeyName: instance.keyName }),
      ...(profile === null ? {} : { IamInstanceProfile: { Arn: profile.profileArn } }),
    },
    output: {
      ReservationId: `r-${instance.id.slice(2)}`,
      OwnerId: account.id,
      Groups: [],
      Instances: [launched(place, { instance, primary, at })],
    },
  });
  if (instance.launchTime > at)
    writeEvent(place, { at: instance.launchTime, operation: "StartInstances", input: { InstanceIds: [instance.id] } });
  foundAttributes(place, primary, at + MINUTE_MS);
}

function launched(
  place: Place,
  { instance, primary, at }: { readonly instance: Instance; readonly primary: NetworkInterface; readonly at: number },
): Readonly<Record<string, unknown>> {
  return {
    InstanceId: instance.id,
    ImageId: instance.imageId,
    State: { Code: 0, Name: "pending" },
    InstanceType: instance.instanceType,
    LaunchTime: new Date(at),
    Placement: { AvailabilityZone: instance.availabilityZone, Tenancy: "default" },
    SubnetId: instance.subnetId,
    VpcId: instance.vpcId,
    PrivateIpAddress: primary.privateIps[0],
    SecurityGroups: groupsOf(place, primary),
    NetworkInterfaces: [
      {
        ...described(place, primary),
        Attachment: {
          AttachmentId: primary.attachment?.id,
          DeviceIndex: 0,
          Status: "attaching",
          AttachTime: new Date(at),
        },
      },
    ],
  };
}

function described(place: Place, network: NetworkInterface): Readonly<Record<string, unknown>> {
  return {
    NetworkInterfaceId: network.id,
    SubnetId: network.subnetId,
    VpcId: network.vpcId,
    OwnerId: place.account.id,
    PrivateIpAddress: network.privateIps[0],
    SourceDestCheck: true,
    InterfaceType: network.interfaceType,
    Groups: groupsOf(place, network),
  };
}

function groupsOf({ region }: Place, { groupIds }: NetworkInterface): readonly object[] {
  return groupIds.map((id) => ({ GroupId: id, GroupName: region.securityGroups.get(id)?.name ?? "" }));
}

/** Services that make interfaces, by the names under which interfaces show them. */
const REQUESTERS: Readonly<Record<string, string>> = {
  "amazon-aws": "ec2.amazonaws.com",
  "amazon-elb": "elasticloadbalancing.amazonaws.com",
  "amazon-vpc": "ec2.amazonaws.com",
};

function foundInterface(place: Place, network: NetworkInterface, at: number): void {
  const { requesterId, attachment, trunkInterfaceId } = network;
  const by: { by?: Principal } =
    requesterId === null ? {} : { by: pastService(place.account.id, REQUESTERS[requesterId] ?? requesterId) };
  writeEvent(place, {
    at,
    operation: "CreateNetworkInterface",
    ...by,
    input: {
      SubnetId: network.subnetId,
      Groups: network.groupIds.slice(),
      ...(network.description === "" ? {} : { Description: network.description }),
    },
    output: { NetworkInterface: described(place, network) },
  });
  if (trunkInterfaceId !== null)
    writeEvent(place, {
      at: at + 1000,
      operation: "AssociateTrunkInterface",
      ...by,
      input: { TrunkInterfaceId: trunkInterfaceId, BranchInterfaceId: network.id },
    });
  if (attachment)
    writeEvent(place, {
      at: attachment.attachTime,
      operation: "AttachNetworkInterface",
      ...by,
      input: { NetworkInterfaceId: network.id, InstanceId: attachment.instanceId, DeviceIndex: attachment.deviceIndex },
      output: { AttachmentId: attachment.id },
    });
  foundAttributes(place, network, (attachment?.attachTime ?? at) + MINUTE_MS);
}

function foundAttributes(
  place: Place,
  { id, sourceDestCheck, connectionTracking }: NetworkInterface,
  at: number,
): void {
  const change = (input: Readonly<Record<string, unknown>>): void =>
    writeEvent(place, {
      at,
      operation: "ModifyNetworkInterfaceAttribute",
      input: { NetworkInterfaceId: id, ...input },
    });
  if (!sourceDestCheck) change({ SourceDestCheck: { Value: false } });
  if (connectionTracking)
    change({
      ConnectionTrackingSpecification: {
        ...(connectionTracking.tcpEstablishedTimeout === null
          ? {}
          : { TcpEstablishedTimeout: connectionTracking.tcpEstablishedTimeout }),
        ...(connectionTracking.udpTimeout === null ? {} : { UdpTimeout: connectionTracking.udpTimeout }),
        ...(connectionTracking.udpStreamTimeout === null
          ? {}
          : { UdpStreamTimeout: connectionTracking.udpStreamTimeout }),
      },
    });
}
