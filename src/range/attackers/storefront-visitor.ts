import { probeReaches } from "../world/network/health-probe.ts";
import { interfacesOf } from "../world/place.ts";
import type { Place } from "../world/world.ts";
import { createActor, type ActorOptions, type Attacker } from "./attacker.ts";

export interface StorefrontVisitorOptions extends ActorOptions {
  readonly place: Place;
  readonly targetGroupArn: string;
  /** The node of the load balancer that the visitor comes through. */
  readonly nodeInterfaceId: string;
}

/** Customers of a service behind a load balancer: served as long as one healthy target answers. */
export function createStorefrontVisitor(options: StorefrontVisitorOptions): Attacker {
  const { place, targetGroupArn, nodeInterfaceId } = options;
  return createActor(options, {
    begin() {},
    beat() {
      place.world.places(); // Health checks up to now.
      const { targetGroups, interfaces } = place.region;
      const node = interfaces.get(nodeInterfaceId);
      const targets = [...(targetGroups.get(targetGroupArn)?.targets.values() ?? [])];
      return targets.some(({ id, port, observedHealth }) => {
        const network = interfacesOf(place, { id })[0];
        const ip = network?.privateIps[0];
        if (!node || !network || ip === undefined || observedHealth.state !== "healthy") return false;
        return probeReaches(place, node, { network, ip, port });
      });
    },
  });
}
