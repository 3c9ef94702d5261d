/** Carries packets between VPCs and to networks outside: peerings, transit gateways, VPN gateways. */
import { rangeContains } from "../addresses.ts";
import type { TransitGatewayAttachment } from "../gateway-model.ts";
import type { RouteTarget } from "../model.ts";
import type { Place, World } from "../world.ts";
import type { Checkpoints } from "./checkpoints.ts";
import { delivered, dropped, findHop, holdsAddress, hopOf, type Hop } from "./hop.ts";
import type { PathKind } from "./interface-filter.ts";
import { identityOf } from "./connections.ts";
import { optionFor } from "./options.ts";
import { viewOf, type Delivery, type Packet } from "./packet.ts";

export type JoiningTarget = Extract<
  RouteTarget,
  { readonly kind: "vpc-peering-connection" | "transit-gateway" | "vpn-gateway" }
>;

const PLAIN: PathKind = { isAutomatic: false, isLoadBalanced: false };

export class JoinedNetworks {
  readonly #world: World;
  readonly #at: Checkpoints;

  constructor(world: World, checkpoints: Checkpoints) {
    this.#world = world;
    this.#at = checkpoints;
  }

  /** What a route to a joined network means for tracking at an interface. */
  pathAt(packet: Packet, hop: Hop, { kind }: JoiningTarget, direction: "ingress" | "egress" = "egress"): PathKind {
    if (kind !== "transit-gateway") return PLAIN;
    const identity = identityOf(hop.network.id, viewOf(packet, direction));
    return { ...PLAIN, isAutomatic: optionFor(this.#at.filter.options.tracksTransitGateways, identity) };
  }

  /** A packet that its route leads to another network. */
  outward(packet: Packet, source: Hop, target: JoiningTarget): Delivery {
    switch (target.kind) {
      case "vpc-peering-connection":
        return this.#toPeer(packet, source, target);
      case "transit-gateway":
        return this.#throughHub(packet, source, target);
      case "vpn-gateway": {
        const gateway = source.place.region.vpnGateways.get(target.id);
        if (gateway?.state !== "available" || gateway.vpcId !== source.vpc.id || !covers(gateway.cidrs, packet.to.ip))
          return dropped("no-route", target.id);
        return this.#at.acl(source, viewOf(packet, "egress")) ?? delivered(false);
      }
    }
  }

  /**
   * A packet from an address outside the range that lies in a network joined to the target's VPC; null where no network
   * with that address is. It needs no route back: only its answer would.
   */
  inward(packet: Packet, target: Hop): Delivery | null {
    const { region } = target.place;
    const { ip } = packet.from;
    for (const { id, status, requester, accepter } of region.vpcPeerings.values()) {
      const far = requester.vpcId === target.vpc.id ? accepter : accepter.vpcId === target.vpc.id ? requester : null;
      if (status === "active" && far && covers([...far.cidrs, ...far.ipv6Cidrs], ip))
        return this.#arriveFrom(packet, target, { kind: "vpc-peering-connection", id });
    }
    for (const own of this.#attachmentsOf(target)) {
      const far = this.#attachments(own.transitGatewayId).find(({ id, cidrs }) => id !== own.id && covers(cidrs, ip));
      if (far) return this.#leaveHub(packet, target, own);
    }
    const vpn = [...region.vpnGateways.values()].find(
      ({ vpcId, state, cidrs }) => vpcId === target.vpc.id && state === "available" && covers(cidrs, ip),
    );
    return vpn ? this.#arriveFrom(packet, target, { kind: "vpn-gateway", id: vpn.id }) : null;
  }

  #arriveFrom(packet: Packet, target: Hop, from: JoiningTarget): Delivery {
    return (
      this.#at.aclOf(target, viewOf(packet, "ingress")) ??
      this.#at.enter(packet, target, this.pathAt(packet, target, from, "ingress"))
    );
  }

  #toPeer(packet: Packet, source: Hop, route: JoiningTarget): Delivery {
    const peering = source.place.region.vpcPeerings.get(route.id);
    const sides = peering?.status === "active" ? [peering.requester, peering.accepter] : [];
    const far = sides.find(({ vpcId }) => vpcId !== source.vpc.id);
    if (!far || sides.every(({ vpcId }) => vpcId !== source.vpc.id)) return dropped("no-route", route.id);
    if (!covers([...far.cidrs, ...far.ipv6Cidrs], packet.to.ip)) return dropped("no-route", route.id);
    const stopped = this.#at.acl(source, viewOf(packet, "egress"));
    if (stopped) return stopped;
    const found = this.#find(far.vpcId, packet.to.ip);
    if (found === "not-in-range") return delivered(false);
    return found ? this.#arriveFrom(packet, found, route) : dropped("no-such-interface", packet.to.ip);
  }

  /** https://docs.aws.amazon.com/vpc/latest/tgw/tgw-nacls.html */
  #throughHub(packet: Packet, source: Hop, route: JoiningTarget): Delivery {
    const own = this.#attachmentsOf(source).find(({ transitGatewayId }) => transitGatewayId === route.id);
    const door = own ? this.#doorOf(own, source) : null;
    if (!own || !door) return dropped("no-route", route.id);
    const leaving = viewOf(packet, "egress");
    const entering = {
      ...leaving,
      direction: "ingress",
      localIp: leaving.remoteIp,
      remoteIp: leaving.localIp,
    } as const;
    const stopped = this.#at.acl(source, leaving) ?? this.#at.aclOf(door, entering);
    if (stopped) return stopped;
    const far = this.#attachments(route.id).find(({ id, cidrs }) => id !== own.id && covers(cidrs, packet.to.ip));
    if (!far) return dropped("no-route", route.id);
    const found = far.resourceType === "vpc" ? this.#find(far.resourceId, packet.to.ip) : "not-in-range";
    if (found === "not-in-range") return delivered(false);
    return found ? this.#leaveHub(packet, found, far) : dropped("no-such-interface", packet.to.ip);
  }

  /** Out of the hub's interface to the target: within one subnet no network ACL is evaluated (same page). */
  #leaveHub(packet: Packet, target: Hop, attachment: TransitGatewayAttachment): Delivery {
    const door = this.#doorOf(attachment, target);
    if (!door) return dropped("no-route", attachment.transitGatewayId);
    const path = this.pathAt(packet, target, { kind: "transit-gateway", id: attachment.transitGatewayId }, "ingress");
    if (door.subnet.id !== target.subnet.id) {
      const view = viewOf(packet, "ingress");
      const leaving = { ...view, direction: "egress", localIp: view.remoteIp, remoteIp: view.localIp } as const;
      const stopped = this.#at.aclOf(door, leaving) ?? this.#at.aclOf(target, view);
      if (stopped) return stopped;
    }
    return this.#at.enter(packet, target, path);
  }

  /** The hub's interface that serves an interface of the VPC: that of its subnet, else of its zone. */
  #doorOf({ interfaceIds }: TransitGatewayAttachment, { subnet }: Hop): Hop | null {
    const doors = interfaceIds.flatMap((id) => findHop(this.#world, id) ?? []);
    return (
      doors.find((door) => door.subnet.id === subnet.id) ??
      doors.find((door) => door.subnet.availabilityZone === subnet.availabilityZone) ??
      null
    );
  }

  #attachmentsOf({ vpc }: Hop): TransitGatewayAttachment[] {
    return this.#everywhere()
      .flatMap(({ region }) => [...region.transitGatewayAttachments.values()])
      .filter(({ resourceId, state }) => resourceId === vpc.id && state === "available");
  }

  #attachments(transitGatewayId: string): TransitGatewayAttachment[] {
    return this.#everywhere()
      .flatMap(({ region }) => [...region.transitGatewayAttachments.values()])
      .filter((each) => each.transitGatewayId === transitGatewayId && each.state === "available");
  }

  #find(vpcId: string, ip: string): Hop | "not-in-range" | null {
    const place = this.#everywhere().find(({ region }) => region.vpcs.has(vpcId));
    if (!place) return "not-in-range";
    for (const network of place.region.interfaces.values())
      if (network.vpcId === vpcId && holdsAddress(network, ip)) return hopOf(place, network);
    return null;
  }

  #everywhere(): readonly Place[] {
    return this.#world.places();
  }
}

function covers(cidrs: readonly string[], ip: string): boolean {
  return cidrs.some((cidr) => rangeContains(cidr, ip));
}
