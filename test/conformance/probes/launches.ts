import { type Asking, EC2_API, eventually, type Probe, required } from "../probe.ts";

/** One launch for all questions, by server. */
const launches = new WeakMap<object, Promise<string>>();

/** The same request, whenever it is sent. */
async function launch({ ec2, surroundings }: Asking, ImageId: string) {
  const { Instances } = await ec2.runInstances({
    ClientToken: "conformance-launch",
    ImageId,
    InstanceType: "m5.large",
    MinCount: 1,
    MaxCount: 1,
    DisableApiTermination: true,
    InstanceInitiatedShutdownBehavior: "stop",
    MetadataOptions: { HttpTokens: "required", HttpPutResponseHopLimit: 1 },
    NetworkInterfaces: [
      {
        DeviceIndex: 0,
        SubnetId: surroundings.subnetId,
        Groups: [surroundings.sealedGroupId],
        AssociatePublicIpAddress: false,
      },
    ],
    TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "Name", Value: "workstation" }] }],
  });
  return required(Instances?.[0]);
}

async function imageOf({ ec2, surroundings }: Asking): Promise<string> {
  const { ImageId } = await ec2.createImage({
    InstanceId: surroundings.instanceId,
    Name: "conformance-workstation",
    NoReboot: true,
  });
  const id = required(ImageId);
  await eventually(
    () => ec2.describeImages({ ImageIds: [id] }),
    ({ Images }) => Images?.[0]?.State === "available",
  );
  return id;
}

const images = new WeakMap<object, Promise<string>>();

function sharedImage(asking: Asking): Promise<string> {
  const made = images.get(asking.ec2) ?? imageOf(asking);
  images.set(asking.ec2, made);
  return made;
}

async function launched(asking: Asking): Promise<string> {
  const image = await sharedImage(asking);
  const made = launches.get(asking.ec2) ?? launch(asking, image).then(({ InstanceId }) => required(InstanceId));
  launches.set(asking.ec2, made);
  return made;
}

/** Launches, as a forensic workstation is launched and ended. */
export const launchProbes: readonly Probe[] = [
  {
    id: "a-launch-is-made-once",
    service: "ec2",
    operation: "RunInstances",
    documented: "A request that is repeated with its client token gives the instance that the first one launched.",
    page: "https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html",
    expected: true,
    async ask(asking) {
      const first = await launched(asking);
      const second = await launch(asking, await sharedImage(asking));
      return second.InstanceId === first;
    },
  },
  {
    id: "a-launch-is-as-it-was-asked-for",
    service: "ec2",
    operation: "RunInstances",
    documented: "The instance becomes running, in the groups and with the metadata options that the request names.",
    page: `${EC2_API}API_RunInstances.html`,
    expected: { state: "running", groups: true, tokens: "required", publicAddress: null, name: "workstation" },
    async ask(asking) {
      const InstanceIds = [await launched(asking)];
      const { Reservations } = await eventually(
        () => asking.ec2.describeInstances({ InstanceIds }),
        (answer) => answer.Reservations?.[0]?.Instances?.[0]?.State?.Name === "running",
      );
      const instance = required(Reservations?.[0]?.Instances?.[0]);
      return {
        state: instance.State?.Name ?? null,
        groups: instance.SecurityGroups?.[0]?.GroupId === asking.surroundings.sealedGroupId,
        tokens: instance.MetadataOptions?.HttpTokens ?? null,
        publicAddress: instance.PublicIpAddress ?? null,
        name: instance.Tags?.find(({ Key }) => Key === "Name")?.Value ?? null,
      };
    },
  },
  {
    id: "a-protected-instance-is-not-ended",
    service: "ec2",
    operation: "TerminateInstances",
    documented: "An instance with termination protection is not ended until the protection is taken off.",
    page: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_ChangingDisableAPITermination.html",
    expected: ["OperationNotPermitted", "shutting-down"],
    async ask(asking) {
      const InstanceIds = [await launched(asking)];
      const refused = await asking.ec2.terminateInstances({ InstanceIds }).then(
        () => "ended",
        (error: unknown) => (error as Error).name,
      );
      const [InstanceId] = InstanceIds;
      await asking.ec2.modifyInstanceAttribute({ InstanceId, DisableApiTermination: { Value: false } });
      const { TerminatingInstances } = await asking.ec2.terminateInstances({ InstanceIds });
      return [refused, TerminatingInstances?.[0]?.CurrentState?.Name ?? null];
    },
  },
];
