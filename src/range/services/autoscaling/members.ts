import type {
  AttachInstancesQuery,
  DetachInstancesAnswer,
  DetachInstancesQuery,
  EnterStandbyAnswer,
  EnterStandbyQuery,
  ExitStandbyAnswer,
  ExitStandbyQuery,
  SetInstanceProtectionAnswer,
  SetInstanceProtectionQuery,
} from "@aws-sdk/client-auto-scaling";
import type { AutoScalingGroup, GroupMember, LifecycleState } from "../../world/scaling-model.ts";
import { admit, detachMember, putOnStandby, returnFromStandby, RETURN_MS } from "../../world/scaling-members.ts";
import { handler, type Context } from "../handler.ts";
import { describeActivity } from "./descriptions.ts";
import { groupNamed, membersNamed, sizesRefused, validationError } from "./errors.ts";

function demandState(context: Context, members: readonly GroupMember[], states: readonly LifecycleState[]): void {
  for (const { instanceId, lifecycleState } of members)
    if (!states.includes(lifecycleState))
      throw validationError(context, `The instance ${instanceId} is not in ${states.join(" or ")}.`);
}

/** Lowers what the group wants, as far as its minimum lets it. */
function decrement(context: Context, group: AutoScalingGroup, count: number, what: string): void {
  if (group.desiredCapacity - count < group.minSize) throw sizesRefused(context, group, what);
  context.world.change(group, () => (group.desiredCapacity -= count));
}

function instances(count: number): string {
  return `${count} instance${count === 1 ? "" : "s"}`;
}

/** The newest activities of a call, as its answer. */
function latest(group: AutoScalingGroup, count: number) {
  return group.activities.slice(0, count).map((activity) => describeActivity(group, activity));
}

/**
 * Only InService and Standby. A Standby instance is not part of the desired capacity: who detaches one and decrements
 * takes the capacity of another, which the group then ends.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-detach-attach-instances.html
 */
const detach = handler((context, input: DetachInstancesQuery): DetachInstancesAnswer => {
  const group = groupNamed(context, input.AutoScalingGroupName);
  const members = membersNamed(context, group, input.InstanceIds);
  demandState(context, members, ["InService", "Standby"]);
  if (input.ShouldDecrementDesiredCapacity)
    decrement(context, group, members.length, `detach ${instances(members.length)}`);
  for (const member of members) detachMember(context, group, member);
  return { Activities: latest(group, members.length) };
});

/** It raises what the group wants: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AttachInstances.html */
const attach = handler((context, input: AttachInstancesQuery) => {
  const { world, region } = context;
  const group = groupNamed(context, input.AutoScalingGroupName);
  const ids = input.InstanceIds ?? [];
  const zones = group.subnetIds.flatMap((id) => region.subnets.get(id)?.availabilityZone ?? []);
  const attached = ids.map((id) => {
    const instance = region.instances.get(id);
    if (!instance) throw validationError(context, `Invalid Instance ID(s): [${id}]`);
    if (instance.state !== "running")
      throw validationError(
        context,
        `Instance ${id} is in ${instance.state} state. Only running instances can be attached.`,
      );
    const owner = [...region.autoScalingGroups.values()].find((each) => each.members.has(id) || each.leaving.has(id));
    if (owner) throw validationError(context, `Instance ${id} is already part of AutoScalingGroup:${owner.id}.`);
    if (!zones.includes(instance.availabilityZone))
      throw validationError(context, `The instance ${id} is not in an Availability Zone of the group.`);
    return instance;
  });
  if (group.desiredCapacity + attached.length > group.maxSize)
    throw sizesRefused(context, group, `attach ${instances(attached.length)}`);
  world.change(group, () => (group.desiredCapacity += attached.length));
  for (const instance of attached) {
    admit(context, group, { instanceId: instance.id, availabilityZone: instance.availabilityZone }, RETURN_MS);
    world.change(instance, () => (instance.autoScalingGroupName = group.id));
  }
  return {};
});

/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-enter-exit-standby.html */
const enterStandby = handler((context, input: EnterStandbyQuery): EnterStandbyAnswer => {
  const group = groupNamed(context, input.AutoScalingGroupName);
  const members = membersNamed(context, group, input.InstanceIds);
  demandState(context, members, ["InService"]);
  if (input.ShouldDecrementDesiredCapacity)
    decrement(context, group, members.length, `place ${instances(members.length)} into standby`);
  for (const member of members) putOnStandby(context, group, member);
  return { Activities: latest(group, members.length) };
});

/** It raises what the group wants (same page). */
const exitStandby = handler((context, input: ExitStandbyQuery): ExitStandbyAnswer => {
  const group = groupNamed(context, input.AutoScalingGroupName);
  const members = membersNamed(context, group, input.InstanceIds);
  demandState(context, members, ["Standby"]);
  if (group.desiredCapacity + members.length > group.maxSize)
    throw sizesRefused(context, group, `move ${instances(members.length)} out of standby`);
  context.world.change(group, () => (group.desiredCapacity += members.length));
  for (const member of members) returnFromStandby(context, group, member);
  return { Activities: [] };
});

/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-instance-protection.html */
const setProtection = handler((context, input: SetInstanceProtectionQuery): SetInstanceProtectionAnswer => {
  const group = groupNamed(context, input.AutoScalingGroupName);
  const members = membersNamed(context, group, input.InstanceIds);
  demandState(context, members, ["InService", "EnteringStandby", "Standby"]);
  context.world.change(group, () => {
    for (const member of members) member.protectedFromScaleIn = input.ProtectedFromScaleIn ?? false;
  });
  return {};
});

export const memberHandlers = {
  DetachInstances: detach,
  AttachInstances: attach,
  EnterStandby: enterStandby,
  ExitStandby: exitStandby,
  SetInstanceProtection: setProtection,
};
