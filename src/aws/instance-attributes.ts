import {
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  ModifyInstanceAttributeCommand,
  type InstanceAttribute,
  type InstanceAttributeName,
  type ModifyInstanceAttributeRequest,
} from "@aws-sdk/client-ec2";
import type { Sender } from "./sender.ts";

export type ShutdownBehavior = "stop" | "terminate";

export interface AttachedVolume {
  readonly volumeId: string;
  readonly deviceName: string;
  readonly deleteOnTermination: boolean;
}

/** What an instance is, as far as its protections depend on it. */
export interface ProtectedInstance {
  readonly state: string;
  readonly isSpot: boolean;
  readonly hasRootOnInstanceStore: boolean;
  readonly managedBy: string | null;
  readonly volumes: readonly AttachedVolume[];
}

/** Whether calls of the API may terminate the instance. AWS describes one attribute a call. */
export async function isTerminationProtected(ec2: Sender, instanceId: string): Promise<boolean> {
  const { DisableApiTermination } = await look(ec2, instanceId, "disableApiTermination");
  return DisableApiTermination?.Value ?? false;
}

/** Whether calls of the API may stop the instance, and with that terminate it. */
export async function isStopProtected(ec2: Sender, instanceId: string): Promise<boolean> {
  const { DisableApiStop } = await look(ec2, instanceId, "disableApiStop");
  return DisableApiStop?.Value ?? false;
}

/** What a shutdown from inside the instance does to it. */
export async function shutdownBehaviorOf(ec2: Sender, instanceId: string): Promise<ShutdownBehavior> {
  const { InstanceInitiatedShutdownBehavior } = await look(ec2, instanceId, "instanceInitiatedShutdownBehavior");
  return InstanceInitiatedShutdownBehavior?.Value === "terminate" ? "terminate" : "stop";
}

/** Reads an instance and its volumes; null when the account has none of this id. */
export async function protectedInstance(ec2: Sender, instanceId: string): Promise<ProtectedInstance | null> {
  const { Reservations = [] } = await ec2.send(
    new DescribeInstancesCommand({ Filters: [{ Name: "instance-id", Values: [instanceId] }] }),
  );
  const instance = Reservations.flatMap(({ Instances = [] }) => Instances).find(
    (each) => each.InstanceId === instanceId,
  );
  if (instance === undefined) return null;
  const { State, InstanceLifecycle, RootDeviceType, Operator, BlockDeviceMappings = [] } = instance;
  return {
    state: State?.Name ?? "unknown",
    isSpot: InstanceLifecycle === "spot",
    hasRootOnInstanceStore: RootDeviceType === "instance-store",
    managedBy: Operator?.Managed === true ? (Operator.Principal ?? "a service") : null,
    volumes: BlockDeviceMappings.flatMap(({ DeviceName, Ebs }) =>
      DeviceName === undefined || Ebs?.VolumeId === undefined
        ? []
        : [{ volumeId: Ebs.VolumeId, deviceName: DeviceName, deleteOnTermination: Ebs.DeleteOnTermination ?? false }],
    ),
  };
}

/** Sets one attribute: AWS refuses two in one call. */
export async function setApiTermination(ec2: Sender, instanceId: string, isProtected: boolean): Promise<void> {
  await modify(ec2, { InstanceId: instanceId, DisableApiTermination: { Value: isProtected } });
}

export async function setApiStop(ec2: Sender, instanceId: string, isProtected: boolean): Promise<void> {
  await modify(ec2, { InstanceId: instanceId, DisableApiStop: { Value: isProtected } });
}

export async function setShutdownBehavior(ec2: Sender, instanceId: string, behavior: ShutdownBehavior): Promise<void> {
  await modify(ec2, { InstanceId: instanceId, InstanceInitiatedShutdownBehavior: { Value: behavior } });
}

/** Whether the volume goes when its instance ends. */
export async function setDeleteOnTermination(
  ec2: Sender,
  instanceId: string,
  { deviceName, deleteOnTermination }: Omit<AttachedVolume, "volumeId">,
): Promise<void> {
  const mapping = { DeviceName: deviceName, Ebs: { DeleteOnTermination: deleteOnTermination } };
  await modify(ec2, { InstanceId: instanceId, BlockDeviceMappings: [mapping] });
}

function look(ec2: Sender, instanceId: string, Attribute: InstanceAttributeName): Promise<InstanceAttribute> {
  return ec2.send(new DescribeInstanceAttributeCommand({ InstanceId: instanceId, Attribute }));
}

async function modify(ec2: Sender, input: ModifyInstanceAttributeRequest): Promise<void> {
  await ec2.send(new ModifyInstanceAttributeCommand(input));
}
