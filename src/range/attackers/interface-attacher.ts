import { attachInterface, createInterface } from "../world/build-interfaces.ts";
import type { Instance, NetworkInterface } from "../world/model.ts";
import { interfacesOf } from "../world/place.ts";
import type { Place } from "../world/world.ts";
import { writeEvent } from "../past/past-event.ts";
import { pastUser } from "../past/principals.ts";
import type { Attacker, ActorOptions } from "./attacker.ts";
import { createPolling } from "./persistent-flow.ts";
import type { Network } from "../world/network/network.ts";

export interface InterfaceAttacherOptions extends Omit<ActorOptions, "everyMs"> {
  readonly place: Place;
  readonly network: Network;
  readonly instance: Instance;
  readonly groupIds: readonly string[];
  readonly publicIp: string;
  readonly outsideIp: string;
  readonly attachAfterMs: number;
}

/**
 * An intruder with rights in EC2 gives the instance another interface while people decide, with the groups that the
 * first one had, and calls home through it: every connection is a new one, so that sealing the interface ends it.
 */
export function createInterfaceAttacher(options: InterfaceAttacherOptions): Attacker {
  let through: NetworkInterface | null = null;
  let polling: Attacker | null = null;
  return {
    ...bare(options.name),
    get lastSuccessMs() {
      return polling?.lastSuccessMs ?? null;
    },
    get lastFailureMs() {
      return polling?.lastFailureMs ?? null;
    },
    succeededAt: (sinceMs) => polling?.succeededAt(sinceMs) ?? [],
    async live(signal) {
      try {
        await options.clock.sleep(options.attachAfterMs, signal);
      } catch {
        return; // Only the signal ends this sleep.
      }
      through ??= attach(options);
      polling = createPolling({
        ...options,
        through,
        startedBy: "inside",
        port: 443,
        everyMs: 5_000,
        firstAfterMs: 500,
      });
      await polling.live(signal);
    },
  };
}

function bare(name: string): Pick<Attacker, "name" | "kind" | "instanceId" | "begin"> {
  return { name, kind: "attacker", instanceId: null, begin() {} };
}

function attach({ place, instance, groupIds, publicIp }: InterfaceAttacherOptions): NetworkInterface {
  const taken = interfacesOf(place, instance).map(({ attachment }) => attachment?.deviceIndex ?? 0);
  const added = createInterface(place, { subnetId: instance.subnetId, groupIds, publicIp, description: "" });
  const deviceIndex = Math.max(...taken, 0) + 1;
  const { id: attachmentId } = attachInterface(place, added, instance, { deviceIndex });
  const by = pastUser(place.account.id, "intruder");
  const at = place.world.now();
  writeEvent(place, {
    at,
    by,
    operation: "CreateNetworkInterface",
    input: { SubnetId: added.subnetId, Groups: [...groupIds] },
    output: {
      NetworkInterface: {
        NetworkInterfaceId: added.id,
        SubnetId: added.subnetId,
        VpcId: added.vpcId,
        Groups: groupIds.map((id) => ({ GroupId: id, GroupName: place.region.securityGroups.get(id)?.name ?? "" })),
      },
    },
  });
  writeEvent(place, {
    at,
    by,
    operation: "AttachNetworkInterface",
    input: { NetworkInterfaceId: added.id, InstanceId: instance.id, DeviceIndex: deviceIndex },
    output: { AttachmentId: attachmentId },
  });
  return added;
}
