import { keepCapacity } from "./scaling-capacity.ts";
import {
  activeMembers,
  arrive,
  isSuspended,
  leave,
  targetGroupsOf,
  targetIdOf,
  terminateMember,
} from "./scaling-members.ts";
import type { AutoScalingGroup, GroupMember } from "./scaling-model.ts";
import { targetKey } from "./target-health.ts";
import type { Place } from "./world.ts";

/** A group looks at itself this often: between a health that failed and the replacement lie tens of seconds. */
export const GROUP_LOOK_MS = 10_000;

/** When something about a group is due. */
export function nextGroupEvent({ region }: Pick<Place, "region">): number {
  let due = Infinity;
  for (const { members, leaving, nextLookAt } of region.autoScalingGroups.values()) {
    due = Math.min(due, nextLookAt);
    for (const { until } of members.values()) due = Math.min(due, until ?? Infinity);
    for (const { until } of leaving.values()) due = Math.min(due, until ?? Infinity);
  }
  return due;
}

/** Moves members on, and lets every group whose time has come look at itself. */
export function settleGroups(place: Place): void {
  const now = place.world.now();
  for (const group of place.region.autoScalingGroups.values()) {
    for (const member of group.members.values())
      if (member.until !== null && member.until <= now) arrive(place, group, member);
    for (const member of group.leaving.values())
      if (member.until !== null && member.until <= now) leave(place, group, member);
    if (group.nextLookAt > now) continue;
    group.nextLookAt = now + GROUP_LOOK_MS;
    judgeHealth(place, group);
    replaceUnhealthy(place, group);
    keepCapacity(place, group);
  }
}

/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-health-checks.html */
function judgeHealth(place: Place, group: AutoScalingGroup): void {
  if (isSuspended(group, "HealthCheck")) return;
  for (const member of group.members.values()) {
    if (member.lifecycleState !== "InService" || member.healthStatus === "Unhealthy") continue;
    if (isUp(place, member) && !failsLoadBalancer(place, group, member)) continue;
    place.world.change(group, () => (member.healthStatus = "Unhealthy"));
  }
}

function isUp({ region }: Place, { instanceId }: GroupMember): boolean {
  const state = region.instances.get(instanceId)?.state;
  return state === "running" || state === "pending";
}

/** A member that was taken out of a target group by hand fails as well as one that does not answer. */
function failsLoadBalancer(place: Place, group: AutoScalingGroup, member: GroupMember): boolean {
  const graceEndsAt = (member.inServiceSince ?? Infinity) + group.healthCheckGracePeriodSeconds * 1000;
  if (group.healthCheckType !== "ELB" || place.world.now() < graceEndsAt) return false;
  return targetGroupsOf(place, group).some((targets) => {
    const target = targets.targets.get(targetKey({ id: targetIdOf(place, targets, member), port: targets.port }));
    return !target || target.observedHealth.state === "unhealthy";
  });
}

/** Ends what is unhealthy; the capacity that is missing then is launched at the same look. */
function replaceUnhealthy(place: Place, group: AutoScalingGroup): void {
  if (isSuspended(group, "ReplaceUnhealthy") || isSuspended(group, "Terminate")) return;
  for (const member of activeMembers(group)) {
    if (member.healthStatus === "Healthy") continue;
    const cause = isUp(place, member)
      ? "an instance was taken out of service in response to an ELB system health check failure."
      : "an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped.";
    terminateMember(place, group, member, { cause, waits: false });
  }
}
