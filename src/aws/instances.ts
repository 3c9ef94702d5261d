import { DescribeInstancesCommand } from "@aws-sdk/client-ec2";
import type { Sender } from "./sender.ts";

export interface DescribedInstance {
  readonly id: string;
  /** `pending`, `running`, `stopping`, `stopped`, `shutting-down` or `terminated`. */
  readonly state: string;
  readonly instanceType: string;
  readonly isWindows: boolean;
  /** Null once the instance is terminated. */
  readonly vpcId: string | null;
  readonly subnetId: string | null;
  /** ARN of the instance profile as the instance shows it. */
  readonly profileArn: string | null;
  readonly launchedAt: string | null;
  /** The device that it starts from, such as `/dev/xvda`. */
  readonly rootDevice: string | null;
}

/** Reads one instance; null when the account has none of this id (or has forgotten it, an hour after its end). */
export async function findInstance(ec2: Sender, instanceId: string): Promise<DescribedInstance | null> {
  const { Reservations = [] } = await ec2.send(
    new DescribeInstancesCommand({ Filters: [{ Name: "instance-id", Values: [instanceId] }] }),
  );
  const instance = Reservations.flatMap(({ Instances = [] }) => Instances).find(
    (each) => each.InstanceId === instanceId,
  );
  if (instance === undefined) return null;
  return {
    id: instanceId,
    state: instance.State?.Name ?? "unknown",
    instanceType: instance.InstanceType ?? "unknown",
    isWindows: instance.Platform?.toLowerCase() === "windows",
    vpcId: instance.VpcId ?? null,
    subnetId: instance.SubnetId ?? null,
    profileArn: instance.IamInstanceProfile?.Arn ?? null,
    launchedAt: instance.LaunchTime?.toISOString() ?? null,
    rootDevice: instance.RootDeviceName ?? null,
  };
}
