import { probeReaches } from "./network/health-probe.ts";
import type { NetworkInterface } from "./model.ts";
import { interfacesOf } from "./place.ts";
import type { LoadBalancer, Target, TargetGroup } from "./scaling-model.ts";
import type { Place } from "./world.ts";

/** Consecutive answers after which a target that just came is healthy: one, whatever the threshold says. */
const FIRST_ANSWER = 1;

/** The first check comes soon after the registration. */
const FIRST_CHECK_MS = 3_000;

export function targetKey({ id, port }: Pick<Target, "id" | "port">): string {
  return `${id}:${port}`;
}

/** The load balancers that send to a target group: only they check its health. */
export function loadBalancersOf({ region }: Pick<Place, "region">, group: Pick<TargetGroup, "id">): LoadBalancer[] {
  return [...region.loadBalancers.values()].filter(({ listeners }) =>
    listeners.some(({ targetGroupArn }) => targetGroupArn === group.id),
  );
}

/** When the next check or the end of a draining is due; infinity where nothing is. */
export function nextTargetEvent(place: Pick<Place, "region">): number {
  let due = Infinity;
  for (const group of place.region.targetGroups.values()) {
    for (const { until } of group.draining.values()) due = Math.min(due, until);
    if (group.targets.size === 0 || loadBalancersOf(place, group).length === 0) continue;
    for (const { observedHealth } of group.targets.values()) due = Math.min(due, observedHealth.nextCheckAt);
  }
  return due;
}

/** Carries out the checks that are due, and ends the draining whose time is over. */
export function settleTargets(place: Place): void {
  const now = place.world.now();
  for (const group of place.region.targetGroups.values()) {
    for (const [key, { until }] of group.draining)
      if (until <= now) place.world.change(group, () => group.draining.delete(key));
    const balancers = loadBalancersOf(place, group);
    for (const [key, target] of group.targets) {
      if (isTerminated(place, group, target)) place.world.change(group, () => group.targets.delete(key));
      else if (balancers.length > 0 && target.observedHealth.nextCheckAt <= now) check(place, group, target);
    }
  }
}

/**
 * One check, from every node of every load balancer that uses the group. The state changes after as many equal answers
 * as the thresholds say.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
 */
function check(place: Place, group: TargetGroup, target: Target): void {
  const { observedHealth: health } = target;
  const { intervalSeconds, healthyThreshold, unhealthyThreshold } = group.healthCheck;
  const seen = isAnswered(place, group, target) ? "healthy" : "unhealthy";
  const streak = seen === health.state ? 0 : health.streak + 1;
  const healthyAfter = health.state === "initial" ? FIRST_ANSWER : healthyThreshold;
  const changes = streak >= (seen === "healthy" ? healthyAfter : unhealthyThreshold);
  const next = {
    state: changes ? seen : health.state,
    streak: changes ? 0 : streak,
    nextCheckAt: health.nextCheckAt + intervalSeconds * 1000,
  };
  if (next.state !== health.state) place.world.change(group, () => Object.assign(health, next));
  else Object.assign(health, next); // Nothing that anybody can see has changed.
}

function isAnswered(place: Place, group: TargetGroup, target: Target): boolean {
  const to = endpointOf(place, group, target);
  if (!to) return false;
  const port = group.healthCheck.port ?? target.port;
  const nodes = loadBalancersOf(place, group)
    .flatMap(({ interfaceIds }) => interfaceIds)
    .flatMap((id) => place.region.interfaces.get(id) ?? []);
  return nodes.length > 0 && nodes.every((node) => probeReaches(place, node, { ...to, port }));
}

/** Where a target's packets go: an instance is reached at its primary address. */
function endpointOf(
  place: Place,
  group: TargetGroup,
  { id }: Target,
): { readonly network: NetworkInterface; readonly ip: string } | null {
  const network =
    group.targetType === "instance"
      ? interfacesOf(place, { id })[0]
      : [...place.region.interfaces.values()].find(
          ({ vpcId, privateIps }) => vpcId === group.vpcId && privateIps.includes(id),
        );
  const ip = group.targetType === "instance" ? network?.privateIps[0] : id;
  return network && ip !== undefined ? { network, ip } : null;
}

/** A terminated instance is taken out of its target groups by itself. */
function isTerminated({ region }: Place, { targetType }: TargetGroup, { id }: Target): boolean {
  return targetType === "instance" && region.instances.get(id)?.state === "terminated";
}

/** Registers a target, or takes it back while it drains. One that is registered stays as it is. */
export function registerTarget(
  { world }: Place,
  group: TargetGroup,
  target: Pick<Target, "id" | "port" | "availabilityZone">,
): void {
  const key = targetKey(target);
  if (group.targets.has(key)) return;
  world.change(group, () => {
    group.draining.delete(key);
    group.targets.set(key, {
      ...target,
      observedHealth: { state: "initial", streak: 0, nextCheckAt: world.now() + FIRST_CHECK_MS },
    });
  });
}

/**
 * Takes a target out. It is shown as draining until the delay is over, whether or not requests are under way.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#deregistration-delay
 */
export function deregisterTarget({ world }: Place, group: TargetGroup, key: string): void {
  const target = group.targets.get(key);
  if (!target) return;
  const until = world.now() + group.deregistrationDelaySeconds * 1000;
  world.change(group, () => {
    group.targets.delete(key);
    group.draining.set(key, { target, until });
  });
}
