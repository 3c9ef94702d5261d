import { settleInstances } from "./instance-states.ts";
import { nextGroupEvent, settleGroups } from "./scaling.ts";
import { nextTargetEvent, settleTargets } from "./target-health.ts";
import type { Place } from "./world.ts";

/**
 * Lets everything happen that happens by itself until now: instances change their states, load balancers check their
 * targets, Auto Scaling groups look at themselves, each at its own time and in the order of these times.
 *
 * It happens when somebody looks, as with states of instances: nothing is configured between two looks, so what was due
 * in between is judged by the configuration as it is.
 */
export function settle(place: Place): void {
  const { world, region } = place;
  if (region.autoScalingGroups.size > 0 || region.targetGroups.size > 0) {
    const now = world.now();
    for (let due = nextEvent(place); due <= now; due = nextEvent(place)) {
      const then = { ...place, world: world.asOf(due) };
      settleInstances(then);
      settleTargets(then);
      settleGroups(then);
    }
  }
  settleInstances(place);
}

function nextEvent(place: Place): number {
  let due = Math.min(nextTargetEvent(place), nextGroupEvent(place));
  for (const { transition } of place.region.instances.values()) due = Math.min(due, transition?.at ?? Infinity);
  return due;
}
