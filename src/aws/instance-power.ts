import {
  DescribeInstancesCommand,
  DescribeInstanceTypesCommand,
  DescribeSpotInstanceRequestsCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  type _InstanceType as InstanceTypeName,
  type Instance,
} from "@aws-sdk/client-ec2";
import { hasAwsCode } from "./aws-call-error.ts";
import type { Sender } from "./sender.ts";

/** What an instance is, as far as stopping it depends on it. */
export interface InstancePower {
  /** `pending`, `running`, `stopping`, `stopped`, `shutting-down` or `terminated`. */
  readonly state: string;
  readonly instanceType: string;
  readonly hasRootOnInstanceStore: boolean;
  /** Null where it is no Spot instance. */
  readonly spotRequestId: string | null;
  readonly managedBy: string | null;
  /** Public addresses that AWS assigned and takes back when the instance stops. */
  readonly automaticAddresses: readonly string[];
  /** AWS writes this tag itself, and nobody else can. */
  readonly scalingGroup: string | null;
}

/** One instance; null when the account has none of this id. */
export async function instancePower(ec2: Sender, instanceId: string): Promise<InstancePower | null> {
  const { Reservations = [] } = await ec2.send(
    new DescribeInstancesCommand({ Filters: [{ Name: "instance-id", Values: [instanceId] }] }),
  );
  const instance = Reservations.flatMap(({ Instances = [] }) => Instances).find(
    (each) => each.InstanceId === instanceId,
  );
  return instance === undefined ? null : read(instance);
}

/** Whether a type comes with instance store volumes: their content is lost on stop. */
export async function hasInstanceStore(ec2: Sender, instanceType: string): Promise<boolean> {
  const { InstanceTypes = [] } = await ec2.send(
    new DescribeInstanceTypesCommand({ InstanceTypes: [instanceType as InstanceTypeName] }),
  );
  return InstanceTypes.some(({ InstanceStorageSupported }) => InstanceStorageSupported === true);
}

/**
 * Why AWS does not stop a Spot instance; null where it does.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-spot-instances-request.html#stopping-a-spot-instance
 */
export async function reasonSpotCannotStop(ec2: Sender, requestId: string): Promise<string | null> {
  const { SpotInstanceRequests = [] } = await ec2.send(
    new DescribeSpotInstanceRequestsCommand({ Filters: [{ Name: "spot-instance-request-id", Values: [requestId] }] }),
  );
  const [request] = SpotInstanceRequests;
  if (request === undefined) return `its Spot request ${requestId} is gone`;
  if (request.Type !== "persistent") return `its Spot request ${requestId} is for one launch only`;
  if (request.State === "cancelled") return `its Spot request ${requestId} is cancelled`;
  return request.LaunchGroup === undefined ? null : `its Spot request ${requestId} belongs to a launch group`;
}

/**
 * Stops an instance; well if it stops already. `protected`: AWS still sees its stop protection.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StopInstances.html
 */
export async function stopInstance(
  ec2: Sender,
  instanceId: string,
  { skipOsShutdown }: { readonly skipOsShutdown: boolean },
): Promise<"stopping" | "protected"> {
  try {
    await ec2.send(
      new StopInstancesCommand({ InstanceIds: [instanceId], ...(skipOsShutdown ? { SkipOsShutdown: true } : {}) }),
    );
    return "stopping";
  } catch (error) {
    if (hasAwsCode(error, "OperationNotPermitted")) return "protected";
    throw error;
  }
}

/** Starts a stopped instance; well if it runs. */
export async function startInstance(ec2: Sender, instanceId: string): Promise<void> {
  await ec2.send(new StartInstancesCommand({ InstanceIds: [instanceId] }));
}

function read(instance: Instance): InstancePower {
  const { State, InstanceType, RootDeviceType, InstanceLifecycle, SpotInstanceRequestId, Operator } = instance;
  const { NetworkInterfaces = [], Tags = [] } = instance;
  return {
    state: State?.Name ?? "unknown",
    instanceType: InstanceType ?? "unknown",
    hasRootOnInstanceStore: RootDeviceType === "instance-store",
    spotRequestId: InstanceLifecycle === "spot" ? (SpotInstanceRequestId ?? "unknown") : null,
    managedBy: Operator?.Managed === true ? (Operator.Principal ?? "an AWS service") : null,
    automaticAddresses: NetworkInterfaces.flatMap(({ Association }) =>
      Association?.IpOwnerId === "amazon" && Association.PublicIp !== undefined ? [Association.PublicIp] : [],
    ),
    scalingGroup: Tags.find(({ Key }) => Key === "aws:autoscaling:groupName")?.Value ?? null,
  };
}
