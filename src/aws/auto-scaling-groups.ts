import {
  AttachInstancesCommand,
  DescribeAutoScalingGroupsCommand,
  DescribeAutoScalingInstancesCommand,
  DetachInstancesCommand,
  EnterStandbyCommand,
  ExitStandbyCommand,
  SetInstanceProtectionCommand,
  UpdateAutoScalingGroupCommand,
  type AutoScalingGroup,
} from "@aws-sdk/client-auto-scaling";
import { CordonError } from "../core/errors.ts";
import { hasAwsCode } from "./aws-call-error.ts";
import type { Sender } from "./sender.ts";

export interface Membership {
  readonly groupName: string;
  /** AWS adds states: one that we do not know is text as well. */
  readonly lifecycleState: string;
  readonly protectedFromScaleIn: boolean;
}

export interface ScalingGroupMember {
  readonly instanceId: string;
  readonly lifecycleState: string;
  readonly isHealthy: boolean;
  readonly protectedFromScaleIn: boolean;
}

export interface ScalingGroup {
  readonly arn: string;
  readonly name: string;
  readonly minSize: number;
  readonly maxSize: number;
  readonly desiredCapacity: number;
  readonly members: readonly ScalingGroupMember[];
  readonly suspendedProcesses: readonly string[];
  /** Whether it asks its load balancers about its members' health, and not only EC2. */
  readonly checksLoadBalancers: boolean;
  readonly targetGroupArns: readonly string[];
}

/** Instances that AWS takes in one call. */
export const MOST_INSTANCES_A_CALL = 19;

/** The group that an instance belongs to; null where it belongs to none. */
export async function membershipOf(autoscaling: Sender, instanceId: string): Promise<Membership | null> {
  const { AutoScalingInstances = [] } = await autoscaling.send(
    new DescribeAutoScalingInstancesCommand({ InstanceIds: [instanceId] }),
  );
  const found = AutoScalingInstances.find((each) => each.InstanceId === instanceId);
  if (found?.AutoScalingGroupName === undefined) return null;
  return {
    groupName: found.AutoScalingGroupName,
    lifecycleState: found.LifecycleState ?? "unknown",
    protectedFromScaleIn: found.ProtectedFromScaleIn ?? false,
  };
}

/** One group; null where it is gone. */
export async function findScalingGroup(autoscaling: Sender, name: string): Promise<ScalingGroup | null> {
  const { AutoScalingGroups = [] } = await autoscaling.send(
    new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] }),
  );
  const group = AutoScalingGroups.find(({ AutoScalingGroupName }) => AutoScalingGroupName === name);
  return group === undefined ? null : read(group);
}

/** The name in a group's ARN, which unlike the name says account and region. */
export function groupNameOf(arn: string): string {
  const mark = ":autoScalingGroupName/";
  const at = arn.indexOf(mark);
  if (at < 0) throw new CordonError("answer_incomplete", { what: `${arn} is not the ARN of an Auto Scaling group` });
  return arn.slice(at + mark.length);
}

/**
 * What became of a call about members. `otherState`: AWS sees one of them in another state than we read, or refuses the
 * group's sizes, and did nothing; its message is kept.
 */
export type MemberAnswer = { readonly kind: "done" } | { readonly kind: "otherState"; readonly message: string };

/** Takes instances out without ending them. The desired capacity stays, so that the group launches others in their place. */
export function detachInstances(autoscaling: Sender, name: string, ids: readonly string[]): Promise<MemberAnswer> {
  return answered(() =>
    autoscaling.send(
      new DetachInstancesCommand({
        AutoScalingGroupName: name,
        InstanceIds: [...ids],
        ShouldDecrementDesiredCapacity: false,
      }),
    ),
  );
}

/** Brings instances in. The desired capacity rises with each. */
export function attachInstances(autoscaling: Sender, name: string, ids: readonly string[]): Promise<MemberAnswer> {
  return answered(() =>
    autoscaling.send(new AttachInstancesCommand({ AutoScalingGroupName: name, InstanceIds: [...ids] })),
  );
}

/** Puts members aside. The desired capacity falls with each, so that the group launches none in their place. */
export function enterStandby(autoscaling: Sender, name: string, ids: readonly string[]): Promise<MemberAnswer> {
  return answered(() =>
    autoscaling.send(
      new EnterStandbyCommand({
        AutoScalingGroupName: name,
        InstanceIds: [...ids],
        ShouldDecrementDesiredCapacity: true,
      }),
    ),
  );
}

/** Takes members back into service. The desired capacity rises with each. */
export function exitStandby(autoscaling: Sender, name: string, ids: readonly string[]): Promise<MemberAnswer> {
  return answered(() =>
    autoscaling.send(new ExitStandbyCommand({ AutoScalingGroupName: name, InstanceIds: [...ids] })),
  );
}

/** Keeps members from being chosen when the group shrinks or evens out its zones; not from the end of unhealthy ones. */
export function setScaleInProtection(
  autoscaling: Sender,
  name: string,
  { ids, isProtected }: { readonly ids: readonly string[]; readonly isProtected: boolean },
): Promise<MemberAnswer> {
  return answered(() =>
    autoscaling.send(
      new SetInstanceProtectionCommand({
        AutoScalingGroupName: name,
        InstanceIds: [...ids],
        ProtectedFromScaleIn: isProtected,
      }),
    ),
  );
}

/** Sets the bounds of the group, and never what it wants: no instance is launched or ended for it by us. */
export async function setBounds(
  autoscaling: Sender,
  name: string,
  bounds: { readonly minSize?: number; readonly maxSize?: number },
): Promise<void> {
  await autoscaling.send(
    new UpdateAutoScalingGroupCommand({
      AutoScalingGroupName: name,
      ...(bounds.minSize === undefined ? {} : { MinSize: bounds.minSize }),
      ...(bounds.maxSize === undefined ? {} : { MaxSize: bounds.maxSize }),
    }),
  );
}

/** Auto Scaling has one code for everything it refuses: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/CommonErrors.html */
async function answered(send: () => Promise<unknown>): Promise<MemberAnswer> {
  try {
    await send();
    return { kind: "done" };
  } catch (error) {
    if (hasAwsCode(error, "ValidationError")) return { kind: "otherState", message: error.message };
    throw error;
  }
}

function read(group: AutoScalingGroup): ScalingGroup {
  const { AutoScalingGroupARN: arn, AutoScalingGroupName: name, MinSize, MaxSize, DesiredCapacity } = group;
  if (arn === undefined || name === undefined || MinSize === undefined || MaxSize === undefined)
    throw new CordonError("answer_incomplete", {
      what: "AWS described an Auto Scaling group without name, ARN or sizes",
    });
  return {
    arn,
    name,
    minSize: MinSize,
    maxSize: MaxSize,
    desiredCapacity: DesiredCapacity ?? MinSize,
    members: (group.Instances ?? []).flatMap(({ InstanceId, LifecycleState, HealthStatus, ProtectedFromScaleIn }) =>
      InstanceId === undefined
        ? []
        : [
            {
              instanceId: InstanceId,
              lifecycleState: LifecycleState ?? "unknown",
              isHealthy: HealthStatus?.toLowerCase() === "healthy",
              protectedFromScaleIn: ProtectedFromScaleIn ?? false,
            },
          ],
    ),
    checksLoadBalancers: (group.HealthCheckType ?? "EC2") !== "EC2",
    targetGroupArns: group.TargetGroupARNs ?? [],
    suspendedProcesses: (group.SuspendedProcesses ?? []).flatMap(({ ProcessName }) => ProcessName ?? []),
  };
}
