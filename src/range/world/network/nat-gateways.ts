/** Carries packets through NAT gateways. */
import type { World } from "../world.ts";
import type { Checkpoints } from "./checkpoints.ts";
import { dropped, findHop, isAttached, type Hop } from "./hop.ts";
import { NatMappings, type NatMapping } from "./nat-mappings.ts";
import { viewOf, type Delivery, type Packet } from "./packet.ts";
import { findRoute } from "./routes.ts";
import type { Trial } from "./trial.ts";

export class NatGateways {
  readonly mappings: NatMappings;
  readonly #world: World;
  readonly #at: Checkpoints;

  constructor(world: World, checkpoints: Checkpoints, trial: Trial) {
    this.mappings = new NatMappings(trial);
    this.#world = world;
    this.#at = checkpoints;
  }

  /** Through a NAT gateway: into its subnet with the instance's address, out of it with the gateway's. */
  outward(packet: Packet, source: Hop, gatewayId: string): Delivery | { readonly leaves: Packet } {
    const gateway = source.place.region.natGateways.get(gatewayId);
    const hop = gateway ? findHop(this.#world, gateway.interfaceId) : null;
    const view = viewOf(packet, "egress");
    const isTranslatable = view.protocol === 6 || view.protocol === 17 || view.protocol === 1;
    if (!gateway || gateway.state !== "available" || !hop || !isTranslatable) return dropped("no-route", gatewayId);
    const stoppedBefore = this.#at.cross({ from: source, to: hop }, view);
    if (stoppedBefore) return stoppedBefore;
    const mapping = this.mappings.outbound(gatewayId, source.network.id, view, this.#world.now());
    if (!mapping) return dropped("no-nat-mapping", gatewayId);
    const onward = findRoute(hop.place.region, hop.subnet, packet.to.ip)?.route.target;
    if (onward?.kind !== "internet-gateway" || !isAttached(hop, onward.id)) return dropped("no-route", hop.subnet.id);
    const translated = {
      ...view,
      localIp: gateway.privateIp,
      sourcePort: view.sourcePort === null ? null : mapping.publicPort,
    };
    const stopped = this.#at.acl(hop, translated);
    if (stopped) return stopped;
    const { fromPort: _, ...rest } = packet;
    const outside: Packet = {
      ...rest,
      from: { kind: "external", ip: gateway.publicIp },
      ...(translated.sourcePort === null ? {} : { fromPort: translated.sourcePort }),
    };
    return { leaves: outside };
  }

  /** Back from outside, by the mapping that an outgoing packet made. */
  inward(packet: Packet, target: Hop, mapping: NatMapping): Delivery {
    const { gatewayId, publicPort } = mapping;
    const gateway = target.place.region.natGateways.get(gatewayId);
    const hop = gateway ? findHop(this.#world, gateway.interfaceId) : null;
    if (!gateway || gateway.state !== "available" || !hop) return dropped("no-route", gatewayId);
    const view = viewOf(packet, "ingress");
    const atGateway = {
      ...view,
      localIp: gateway.privateIp,
      destinationPort: view.destinationPort === null ? null : publicPort,
    };
    const stoppedAtGateway = this.#at.acl(hop, atGateway);
    if (stoppedAtGateway) return stoppedAtGateway;
    const crossing = { ...view, direction: "egress", localIp: view.remoteIp, remoteIp: view.localIp } as const;
    if (hop.subnet.id === target.subnet.id) this.#at.record(hop, crossing, "ACCEPT");
    else {
      const stopped = this.#at.acl(hop, crossing) ?? this.#at.aclOf(target, view);
      if (stopped) return stopped;
    }
    this.mappings.touch(mapping, this.#world.now());
    return this.#at.enter(packet, target, { isAutomatic: true, isLoadBalanced: false });
  }
}
