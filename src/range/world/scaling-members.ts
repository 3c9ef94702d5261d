import { terminateInstance } from "./instance-states.ts";
import { randomText } from "./random.ts";
import type { AutoScalingGroup, GroupMember, ScalingProcess, TargetGroup } from "./scaling-model.ts";
import { deregisterTarget, registerTarget } from "./target-health.ts";
import type { Place } from "./world.ts";

/** From running to in service. */
export const WARM_UP_MS = 5_000;

/** An instance that leaves a group without load balancers has nothing to wait for. */
const SHORTEST_LEAVE_MS = 5_000;

const KEPT_ACTIVITIES = 100;

/** Members that count: in service or on their way there. Standby does not count. */
export function activeMembers({ members }: AutoScalingGroup): GroupMember[] {
  return [...members.values()].filter(({ isStandby }) => !isStandby);
}

/** Starts to bring an instance into the group's service. */
export function admit(
  { world }: Place,
  group: AutoScalingGroup,
  member: Pick<GroupMember, "instanceId" | "availabilityZone">,
  readyInMs: number,
): void {
  world.change(group, () =>
    group.members.set(member.instanceId, {
      ...member,
      lifecycleState: "Pending",
      isStandby: false,
      healthStatus: "Healthy",
      protectedFromScaleIn: group.newInstancesProtectedFromScaleIn,
      inServiceSince: null,
      until: world.now() + readyInMs,
    }),
  );
}

/** How long an instance takes from the attach or the end of standby into service. */
export const RETURN_MS = 5_000;

/** Takes a member out of the group without ending it; it waits for its load balancers' requests. */
export function detachMember(place: Place, group: AutoScalingGroup, member: GroupMember): void {
  const { world, region } = place;
  const instance = region.instances.get(member.instanceId);
  depart(place, group, member, { lifecycleState: "Detaching", until: world.now() + drainMs(place, group) });
  if (instance) world.change(instance, () => (instance.autoScalingGroupName = null));
  record(place, group, `Detaching EC2 instance: ${member.instanceId}`, "an instance was detached at a user's request.");
}

/** Puts a member aside: it stays in the group, serves nothing and is not checked. */
export function putOnStandby(place: Place, group: AutoScalingGroup, member: GroupMember): void {
  deregister(place, group, member.instanceId);
  place.world.change(group, () =>
    Object.assign(member, {
      lifecycleState: "EnteringStandby",
      isStandby: true,
      until: place.world.now() + drainMs(place, group),
    }),
  );
  record(place, group, `Moving EC2 instance to Standby: ${member.instanceId}`, "a user asked for it.");
}

export function returnFromStandby({ world }: Place, group: AutoScalingGroup, member: GroupMember): void {
  world.change(group, () =>
    Object.assign(member, {
      lifecycleState: "Pending",
      isStandby: false,
      inServiceSince: null,
      until: world.now() + RETURN_MS,
    }),
  );
}

/** Ends a member. Termination and stop protection do not hold a group back. */
export function terminateMember(
  place: Place,
  group: AutoScalingGroup,
  member: GroupMember,
  { cause, waits }: { readonly cause: string; readonly waits: boolean },
): void {
  const until = place.world.now() + (waits ? drainMs(place, group) : 0);
  depart(place, group, member, { lifecycleState: "Terminating", until });
  record(place, group, `Terminating EC2 instance: ${member.instanceId}`, cause);
  if (!waits) leave(place, group, group.leaving.get(member.instanceId) ?? member);
}

function depart(
  place: Place,
  group: AutoScalingGroup,
  member: GroupMember,
  next: Pick<GroupMember, "lifecycleState" | "until">,
): void {
  deregister(place, group, member.instanceId);
  place.world.change(group, () => {
    group.members.delete(member.instanceId);
    group.leaving.set(member.instanceId, { ...member, ...next });
  });
}

/** A state that was on its way has arrived. */
export function arrive(place: Place, group: AutoScalingGroup, member: GroupMember): void {
  const now = place.world.now();
  if (member.lifecycleState === "EnteringStandby") {
    place.world.change(group, () => Object.assign(member, { lifecycleState: "Standby", until: null }));
    return;
  }
  place.world.change(group, () =>
    Object.assign(member, { lifecycleState: "InService", until: null, inServiceSince: now }),
  );
  if (!isSuspended(group, "AddToLoadBalancer"))
    for (const targets of targetGroupsOf(place, group))
      registerTarget(place, targets, {
        id: targetIdOf(place, targets, member),
        port: targets.port,
        availabilityZone: null,
      });
}

/** An instance on its way out is gone. */
export function leave(place: Place, group: AutoScalingGroup, member: GroupMember): void {
  const instance = place.region.instances.get(member.instanceId);
  if (member.lifecycleState === "Terminating" && instance) terminateInstance(place, instance);
  place.world.change(group, () => group.leaving.delete(member.instanceId));
}

/** The target groups in which the group registers its members. */
export function targetGroupsOf({ region }: Place, { targetGroupArns }: AutoScalingGroup): TargetGroup[] {
  return targetGroupArns.flatMap((arn) => region.targetGroups.get(arn) ?? []);
}

/** Under what the group registers a member: its id, or its primary address. */
export function targetIdOf({ region }: Place, { targetType }: TargetGroup, { instanceId }: GroupMember): string {
  if (targetType === "instance") return instanceId;
  const primary = [...region.interfaces.values()].find(
    ({ attachment }) => attachment?.instanceId === instanceId && attachment.deviceIndex === 0,
  );
  return primary?.privateIps[0] ?? "";
}

function deregister(place: Place, group: AutoScalingGroup, instanceId: string): void {
  for (const targets of targetGroupsOf(place, group)) {
    const id = targetIdOf(place, targets, { instanceId } as GroupMember);
    for (const [key, target] of targets.targets) if (target.id === id) deregisterTarget(place, targets, key);
  }
}

/** The longest of the deregistration delays, if any of its target groups had the instance. */
function drainMs(place: Place, group: AutoScalingGroup): number {
  const delays = targetGroupsOf(place, group).map(
    ({ deregistrationDelaySeconds }) => deregistrationDelaySeconds * 1000,
  );
  return Math.max(SHORTEST_LEAVE_MS, ...delays);
}

/** Whether somebody suspended one of the group's processes. */
export function isSuspended({ suspendedProcesses }: AutoScalingGroup, process: ScalingProcess): boolean {
  return suspendedProcesses.includes(process);
}

/** Adds a line to the group's history. */
export function record({ world }: Place, group: AutoScalingGroup, description: string, cause: string): void {
  const hex = (length: number): string => randomText(world.random, "0123456789abcdef", length);
  const id = `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;
  const startedAt = world.now();
  group.activities.unshift({ id, description, cause: `At ${new Date(startedAt).toISOString()} ${cause}`, startedAt });
  group.activities.splice(KEPT_ACTIVITIES);
}
