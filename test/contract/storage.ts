import type { Range } from "../../src/range/range.ts";
import { createVolume } from "../../src/range/world/build-storage.ts";
import type { Instance } from "../../src/range/world/model.ts";
import type { Place } from "../../src/range/world/world.ts";

/** The first target of a range, and the place it lies in. */
export function targetOf({ scenario, world }: Range): { readonly place: Place; readonly instance: Instance } {
  const [target] = scenario.targets;
  if (target === undefined) throw new Error(`the scenario ${scenario.id} has no target`);
  const place = world.place(target.account, target.region);
  const instance = place.region.instances.get(target.instanceId);
  if (instance === undefined) throw new Error(`there is no instance ${target.instanceId}`);
  return { place, instance };
}

/** Gives the target a second, encrypted volume, as databases have. */
export function withDataVolume(range: Range): void {
  const { place, instance } = targetOf(range);
  createVolume(place, {
    availabilityZone: instance.availabilityZone,
    attachTo: instance,
    deviceName: "/dev/sdf",
    sizeGiB: 100,
    encrypted: true,
  });
}

/** Gives the target a small encrypted volume, whose disk can be read to its end in a test. */
export function withSmallVolume(range: Range): void {
  const { place, instance } = targetOf(range);
  const { availabilityZone } = instance;
  createVolume(place, { availabilityZone, attachTo: instance, deviceName: "/dev/sdf", sizeGiB: 1, encrypted: true });
}
