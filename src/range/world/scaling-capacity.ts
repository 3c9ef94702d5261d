import { launchInstance } from "./build-instances.ts";
import type { AutoScalingGroup, GroupMember } from "./scaling-model.ts";
import { activeMembers, admit, isSuspended, record, terminateMember, WARM_UP_MS } from "./scaling-members.ts";
import type { Place } from "./world.ts";

/** Launches what is missing, ends what is too much, and evens out the zones. */
export function keepCapacity(place: Place, group: AutoScalingGroup): void {
  const active = activeMembers(group);
  const missing = group.desiredCapacity - active.length;
  if (missing > 0 && !isSuspended(group, "Launch")) {
    for (let launched = 0; launched < missing; launched++)
      launch(place, group, "an instance was launched in response to a difference between desired and actual capacity.");
    return;
  }
  if (active.some(({ lifecycleState }) => lifecycleState === "Pending")) return;
  if (missing < 0 && !isSuspended(group, "Terminate")) {
    const victim = scaleInCandidate(place, group);
    if (victim)
      terminateMember(place, group, victim, {
        cause: "an instance was taken out of service in response to a difference between desired and actual capacity.",
        waits: true,
      });
    return;
  }
  if (missing === 0 && isUneven(place, group) && !isSuspended(group, "AZRebalance") && !isSuspended(group, "Launch"))
    launch(place, group, "an instance was launched to aid in balancing the group's zones.");
}

/**
 * The zone with the most members gives one, the oldest that is not protected.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html
 */
function scaleInCandidate(place: Place, group: AutoScalingGroup): GroupMember | undefined {
  const counts = zoneCounts(place, group);
  return activeMembers(group)
    .filter(({ protectedFromScaleIn, lifecycleState }) => !protectedFromScaleIn && lifecycleState === "InService")
    .sort(
      (left, right) =>
        (counts.get(right.availabilityZone) ?? 0) - (counts.get(left.availabilityZone) ?? 0) ||
        launchedAt(place, left) - launchedAt(place, right),
    )[0];
}

function launchedAt({ region }: Place, { instanceId }: GroupMember): number {
  return region.instances.get(instanceId)?.launchTime ?? 0;
}

function zoneCounts({ region }: Place, group: AutoScalingGroup): Map<string, number> {
  const counts = new Map(
    group.subnetIds.flatMap((id) => region.subnets.get(id) ?? []).map(({ availabilityZone }) => [availabilityZone, 0]),
  );
  for (const { availabilityZone } of activeMembers(group))
    counts.set(availabilityZone, (counts.get(availabilityZone) ?? 0) + 1);
  return counts;
}

function isUneven(place: Place, group: AutoScalingGroup): boolean {
  const counts = [...zoneCounts(place, group).values()];
  return Math.max(...counts) - Math.min(...counts) > 1;
}

function launch(place: Place, group: AutoScalingGroup, cause: string): void {
  const { world, region, account } = place;
  const counts = zoneCounts(place, group);
  const subnet = group.subnetIds
    .flatMap((id) => region.subnets.get(id) ?? [])
    .sort((left, right) => (counts.get(left.availabilityZone) ?? 0) - (counts.get(right.availabilityZone) ?? 0))[0];
  if (!subnet) return;
  const { imageId, instanceType, securityGroupIds, instanceProfileName, publicIp, tags } = group.launch;
  const profile = account.instanceProfiles.get(instanceProfileName ?? "");
  const { instance } = launchInstance(place, {
    subnetId: subnet.id,
    groupIds: securityGroupIds,
    imageId,
    instanceType,
    state: "pending",
    autoScalingGroupName: group.id,
    tags: tags.map((tag) => ({ ...tag })),
    ...(profile ? { profile } : {}),
    ...(publicIp ? { publicIp: freePublicAddress(place) } : {}),
  });
  admit(
    place,
    group,
    { instanceId: instance.id, availabilityZone: instance.availabilityZone },
    world.transitions.pendingMs + WARM_UP_MS,
  );
  record(place, group, `Launching a new EC2 instance: ${instance.id}`, cause);
}

/** Of a documentation range (RFC 5737), above those that scenarios give out by hand. */
function freePublicAddress({ region }: Place): string {
  const taken = new Set([...region.interfaces.values()].map(({ publicAddress }) => publicAddress?.ip));
  for (let last = 128; last < 255; last++) if (!taken.has(`192.0.2.${last}`)) return `192.0.2.${last}`;
  throw new TypeError("the range has no free public address");
}
