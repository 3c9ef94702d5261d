import type { Instance, InstanceState } from "./model.ts";
import { interfacesOf } from "./place.ts";
import type { Place } from "./world.ts";

/**
 * Moves every instance on to the state it has reached by now.
 *
 * States change when somebody looks, not on timers: nothing is left running when a program ends, and the same
 * program gives the same history. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
 */
export function settleInstances(place: Place): void {
  for (const instance of place.region.instances.values()) {
    settleMetadataOptions(place, instance);
    if ((forgottenAt.get(instance) ?? Infinity) <= place.world.now())
      place.world.remove(place.region.instances, instance.id);
    const { transition } = instance;
    if (!transition || place.world.now() < transition.at) continue;
    place.world.change(instance, () => {
      instance.state = transition.to;
      instance.transition = null;
    });
    if (transition.to === "stopped" || transition.to === "terminated") giveBackAutomaticAddresses(place, instance);
    if (transition.to === "terminated") {
      forgottenAt.set(instance, transition.at + SHOWN_AFTER_END_MS);
      takeApart(place, instance);
    }
  }
}

/** AWS shows a terminated instance for about an hour: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/terminating-instances.html */
const SHOWN_AFTER_END_MS = 3_600_000;

const forgottenAt = new WeakMap<Instance, number>();

/** New metadata options are `pending` for a while: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceMetadataOptionsResponse.html */
function settleMetadataOptions({ world }: Place, instance: Instance): void {
  const { transition } = instance.metadataOptions;
  if (!transition || world.now() < transition.at) return;
  world.change(instance, ({ metadataOptions }) =>
    Object.assign(metadataOptions, { state: "applied", transition: null }),
  );
}

/** Starts a stopped instance; `false` when its state does not allow it. */
export function startInstance({ world }: Place, instance: Instance): boolean {
  if (instance.state === "pending" || instance.state === "running") return true;
  if (instance.state !== "stopped") return false;
  world.change(instance, () => {
    instance.launchTime = world.now();
    instance.stateReason = null;
  });
  move({ world }, instance, ["pending", "running", world.transitions.pendingMs]);
  return true;
}

/** How an instance ends: without its system's own shutdown (`SkipOsShutdown`), nothing in it runs any more. */
interface Ending {
  readonly isAbrupt?: boolean;
}

/** From the call to the power being off. */
const POWER_OFF_MS = 2_000;

/**
 * Stops an instance; `false` when its state does not allow it.
 *
 * Automatic public addresses are given back, elastic ones stay:
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-instance-addressing.html
 */
export function stopInstance(place: Place, instance: Instance, { isAbrupt = false }: Ending = {}): boolean {
  if (instance.state === "stopping" || instance.state === "stopped") return true;
  if (instance.state !== "running" && instance.state !== "pending") return false;
  move(place, instance, ["stopping", "stopped", isAbrupt ? POWER_OFF_MS : place.world.transitions.stoppingMs]);
  return true;
}

/** Terminates an instance. Protection is the caller's to check, because AWS answers it with an error of its own. */
export function terminateInstance(place: Place, instance: Instance, { isAbrupt = false }: Ending = {}): boolean {
  if (instance.state === "shutting-down" || instance.state === "terminated") return true;
  const delayMs = isAbrupt ? POWER_OFF_MS : place.world.transitions.shuttingDownMs;
  move(place, instance, ["shutting-down", "terminated", delayMs]);
  return true;
}

/**
 * What a shutdown from inside the instance does: what its shutdown behaviour says, and no protection holds it back. An
 * instance on an instance store cannot be stopped, and ends.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_ChangingInstanceInitiatedShutdownBehavior.html
 */
export function shutDownFromInside(place: Place, instance: Instance): boolean {
  return instance.shutdownBehavior === "stop" && instance.rootDeviceType === "ebs"
    ? stopInstance(place, instance)
    : terminateInstance(place, instance);
}

/**
 * Whether packets of this instance leave and reach it. While it stops, its system still runs and so does the intruder.
 */
export function isOnNetwork({ state }: Pick<Instance, "state">): boolean {
  return state === "running" || state === "stopping" || state === "shutting-down";
}

function move(
  { world }: Pick<Place, "world">,
  instance: Instance,
  [via, to, delayMs]: [InstanceState, InstanceState, number],
): void {
  world.change(instance, () => {
    instance.state = via;
    instance.transition = { to, at: world.now() + delayMs };
  });
}

function giveBackAutomaticAddresses(place: Place, instance: Instance): void {
  for (const each of interfacesOf(place, instance)) {
    if (each.publicAddress && each.publicAddress.allocationId === null) {
      place.world.change(each, () => (each.publicAddress = null));
    }
  }
}

/** Termination deletes interfaces and volumes that say so, and lets go of the others. */
function takeApart(place: Place, instance: Instance): void {
  const { world, region } = place;
  for (const each of interfacesOf(place, instance)) {
    if (each.attachment?.deleteOnTermination) {
      releaseElasticAddress(place, each.id);
      world.remove(region.interfaces, each.id);
    } else world.change(each, () => (each.attachment = null));
  }
  for (const device of instance.blockDevices) {
    const volume = region.volumes.get(device.volumeId);
    if (volume && device.deleteOnTermination) world.remove(region.volumes, volume.id);
    else if (volume) world.change(volume, () => (volume.attachment = null));
  }
  world.change(instance, () => {
    instance.blockDevices = [];
    instance.profileAssociation = null;
  });
}

function releaseElasticAddress({ world, region }: Place, interfaceId: string): void {
  for (const address of region.elasticAddresses.values()) {
    if (address.interfaceId !== interfaceId) continue;
    world.change(address, () => {
      address.associationId = null;
      address.interfaceId = null;
      address.privateIp = null;
    });
  }
}
