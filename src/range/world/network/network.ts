import { parseAddress } from "../addresses.ts";
import { capture } from "../flow-capture.ts";
import type { Route } from "../model.ts";
import { publicAddressFor } from "../public-addresses.ts";
import type { World } from "../world.ts";
import { aclAllows } from "./acl-evaluation.ts";
import type { TrackedFlow } from "./connections.ts";
import {
  delivered,
  dropped,
  findByPublicAddress,
  findHop,
  findInVpc,
  holdsAddress,
  isAutomaticallyTracked,
  isLoadBalanced,
  isUp,
  type Hop,
} from "./hop.ts";
import { InterfaceFilter, type PathKind } from "./interface-filter.ts";
import { NatMappings, type NatMapping } from "./nat-mappings.ts";
import { DEFAULT_NETWORK_OPTIONS, type NetworkOptions } from "./options.ts";
import { viewOf, type Delivery, type Packet, type PacketView } from "./packet.ts";
import { findRoute, networkAclOf } from "./routes.ts";
import { isServiceOn, unfilteredServiceAt } from "./unfiltered-services.ts";

/**
 * Carries packets through the world, one at a time, each judged by what is configured at that moment.
 *
 * One way only: whoever wants a conversation sends the answer too. An outgoing packet meets the groups of its
 * interface first, then the route, then network ACLs; an incoming one meets the network ACL first. So a tracked
 * flow that a network ACL stops keeps its entry alive by trying, and goes on when the ACL goes.
 */
export class Network {
  readonly #world: World;
  readonly #filter: InterfaceFilter;
  readonly #nat = new NatMappings();

  constructor(world: World, options: Partial<NetworkOptions> = {}) {
    this.#world = world;
    this.#filter = new InterfaceFilter({ ...DEFAULT_NETWORK_OPTIONS, ...options });
  }

  send(packet: Packet): Delivery {
    return packet.from.kind === "interface"
      ? this.#sendFromInside(packet, packet.from.interfaceId)
      : this.#receiveFromOutside(packet);
  }

  /** The flows that an interface tracks now. */
  trackedFlows(interfaceId: string): readonly TrackedFlow[] {
    return this.#filter.connections.list(interfaceId, this.#world.now());
  }

  #sendFromInside(packet: Packet, interfaceId: string): Delivery {
    const source = findHop(this.#world, interfaceId);
    if (!source) return dropped("no-such-interface", interfaceId);
    if (!isUp(source)) return dropped("not-on-network", source.network.attachment?.instanceId ?? interfaceId);
    if (source.network.sourceDestCheck && !holdsAddress(source.network, packet.from.ip)) {
      return dropped("source-destination-check", interfaceId);
    }
    const service = unfilteredServiceAt(packet, source.vpc, source.subnet);
    if (service !== null) {
      const instance = source.place.region.instances.get(source.network.attachment?.instanceId ?? "");
      if (!isServiceOn(service, source.vpc, instance)) return dropped("service-disabled", service);
      return { delivered: true, reason: "unfiltered-service", by: service, tracked: false };
    }
    const found = findRoute(source.place.region, source.subnet, packet.to.ip);
    const path = this.#pathOf(packet, source, found?.route ?? null);
    const view = viewOf(packet, "egress");
    const verdict = this.#filter.pass(source.place, source.network, view, path);
    if (!verdict.allowed) {
      capture(source, view, "REJECT");
      return dropped("security-group", interfaceId);
    }
    if (!found) return dropped("no-route", source.subnet.id);
    return keepTracked(this.#follow(packet, source, found.route), verdict.tracked);
  }

  #follow(packet: Packet, source: Hop, { target, destination }: Route): Delivery {
    const isV4 = parseAddress(packet.to.ip)?.family === 4;
    switch (target.kind) {
      case "local":
        return this.#deliverInside(packet, source);
      case "internet-gateway":
        return this.#leave(packet, source, target.id);
      case "egress-only-internet-gateway":
        if (isV4 || !this.#isAttached(source, target.id)) return dropped("no-route", target.id);
        return this.#acl(source, viewOf(packet, "egress")) ?? delivered(true);
      case "nat-gateway":
        return this.#translate(packet, source, target.id);
      case "vpc-endpoint":
        return this.#acl(source, viewOf(packet, "egress")) ?? delivered(false);
      case "network-interface":
      case "vpc-peering-connection":
      case "transit-gateway":
      case "vpn-gateway":
      case "carrier-gateway":
      case "core-network":
      case "blackhole":
        return dropped("no-route", destination);
    }
  }

  /** Network ACLs stand between subnets, not inside one. */
  #deliverInside(packet: Packet, source: Hop): Delivery {
    const target = findInVpc(source, packet.to.ip);
    if (!target) return dropped("no-such-interface", packet.to.ip);
    const leaving = viewOf(packet, "egress");
    if (target.subnet.id === source.subnet.id) capture(source, leaving, "ACCEPT");
    else {
      const stopped = this.#acl(source, leaving) ?? this.#aclOf(target, viewOf(packet, "ingress"));
      if (stopped) return stopped;
    }
    return this.#enter(packet, target, {
      isAutomatic: this.#isAutomatic(packet, source, target),
      isLoadBalanced: isLoadBalanced(packet, source, target),
    });
  }

  #leave(packet: Packet, source: Hop, gatewayId: string): Delivery {
    if (!this.#isAttached(source, gatewayId)) return dropped("no-route", gatewayId);
    const isV6 = parseAddress(packet.from.ip)?.family === 6;
    const publicAddress = publicAddressFor(source.network, packet.from.ip);
    if (!isV6 && !publicAddress) return dropped("no-public-address", source.network.id);
    const stopped = this.#acl(source, viewOf(packet, "egress"));
    if (stopped) return stopped;
    const seenFrom = isV6 ? packet.from.ip : (publicAddress?.ip ?? packet.from.ip);
    return this.#arrive({ ...packet, from: { kind: "external", ip: seenFrom } }) ?? delivered(false);
  }

  /** Through a NAT gateway: into its subnet with the instance's address, out of it with the gateway's. */
  #translate(packet: Packet, source: Hop, gatewayId: string): Delivery {
    const gateway = source.place.region.natGateways.get(gatewayId);
    const hop = gateway ? findHop(this.#world, gateway.interfaceId) : null;
    const view = viewOf(packet, "egress");
    const isTranslatable = view.protocol === 6 || view.protocol === 17 || view.protocol === 1;
    if (!gateway || gateway.state !== "available" || !hop || !isTranslatable) return dropped("no-route", gatewayId);
    const stoppedBefore = this.#cross({ from: source, to: hop }, view);
    if (stoppedBefore) return stoppedBefore;
    const mapping = this.#nat.outbound(gatewayId, source.network.id, view, this.#world.now());
    if (!mapping) return dropped("no-nat-mapping", gatewayId);
    const onward = findRoute(hop.place.region, hop.subnet, packet.to.ip)?.route.target;
    if (onward?.kind !== "internet-gateway" || !this.#isAttached(hop, onward.id))
      return dropped("no-route", hop.subnet.id);
    const translated = {
      ...view,
      localIp: gateway.privateIp,
      sourcePort: view.sourcePort === null ? null : mapping.publicPort,
    };
    const stopped = this.#acl(hop, translated);
    if (stopped) return stopped;
    const { fromPort: _, ...rest } = packet;
    const outside: Packet = {
      ...rest,
      from: { kind: "external", ip: gateway.publicIp },
      ...(translated.sourcePort === null ? {} : { fromPort: translated.sourcePort }),
    };
    return this.#arrive(outside) ?? delivered(true);
  }

  /** A packet to a public address of the range itself comes in again from outside; `null` when it is none. */
  #arrive(packet: Packet): Delivery | null {
    return findByPublicAddress(this.#world, packet.to.ip) ? this.#receiveFromOutside(packet) : null;
  }

  #receiveFromOutside(packet: Packet): Delivery {
    const found =
      packet.to.kind === "interface"
        ? { hop: findHop(this.#world, packet.to.interfaceId), privateIp: packet.to.ip }
        : findByPublicAddress(this.#world, packet.to.ip);
    if (!found?.hop) return dropped("no-such-interface", packet.to.ip);
    const { hop: target, privateIp } = found;
    const inner: Packet = { ...packet, to: { kind: "interface", interfaceId: target.network.id, ip: privateIp } };
    const view = viewOf(inner, "ingress");
    const mapping = this.#nat.inbound(target.network.id, view, this.#world.now());
    if (mapping) return this.#translateBack(inner, target, mapping);

    const isV6 = parseAddress(privateIp)?.family === 6;
    const back = findRoute(target.place.region, target.subnet, packet.from.ip)?.route.target;
    if (!isV6 && !publicAddressFor(target.network, privateIp)) {
      return back?.kind === "nat-gateway"
        ? dropped("no-nat-mapping", back.id)
        : dropped("no-public-address", target.network.id);
    }
    const isEgressOnly = isV6 && back?.kind === "egress-only-internet-gateway";
    if (isEgressOnly && !this.#filter.connections.find(target.network.id, view, this.#world.now()))
      return dropped("no-route", back.id);
    if (!isEgressOnly && !this.#hasInternetGateway(target)) return dropped("no-route", target.vpc.id);
    const stopped = this.#aclOf(target, view);
    return (
      stopped ??
      this.#enter(inner, target, {
        isAutomatic: isEgressOnly || this.#isAutomatic(inner, target),
        isLoadBalanced: isLoadBalanced(inner, target),
      })
    );
  }

  #translateBack(packet: Packet, target: Hop, mapping: NatMapping): Delivery {
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
    const stoppedAtGateway = this.#acl(hop, atGateway);
    if (stoppedAtGateway) return stoppedAtGateway;
    const crossing = { ...view, direction: "egress", localIp: view.remoteIp, remoteIp: view.localIp } as const;
    if (hop.subnet.id === target.subnet.id) capture(hop, crossing, "ACCEPT");
    else {
      const stopped = this.#acl(hop, crossing) ?? this.#aclOf(target, view);
      if (stopped) return stopped;
    }
    mapping.lastPacketAt = this.#world.now();
    return this.#enter(packet, target, { isAutomatic: true, isLoadBalanced: false });
  }

  /** The last metre: the instance must be up, its groups decide. */
  #enter(packet: Packet, target: Hop, path: PathKind): Delivery {
    if (!isUp(target)) return dropped("not-on-network", target.network.attachment?.instanceId ?? target.network.id);
    const view = viewOf(packet, "ingress");
    const verdict = this.#filter.pass(target.place, target.network, view, path);
    capture(target, view, verdict.allowed ? "ACCEPT" : "REJECT");
    return verdict.allowed ? delivered(verdict.tracked) : dropped("security-group", target.network.id);
  }

  /** From an interface into a gateway's, whose network ACL counts where it lies in another subnet. */
  #cross({ from, to }: { readonly from: Hop; readonly to: Hop }, view: PacketView): Delivery | null {
    const crossing = { ...view, direction: "ingress", localIp: view.remoteIp, remoteIp: view.localIp } as const;
    if (from.subnet.id === to.subnet.id) capture(from, view, "ACCEPT");
    else {
      const stopped = this.#acl(from, view) ?? this.#aclOf(to, crossing);
      if (stopped) return stopped;
    }
    capture(to, crossing, "ACCEPT");
    return null;
  }

  /** The last that is asked before a packet goes on from an interface: what flow logs record of it is decided. */
  #acl(hop: Hop, view: PacketView): Delivery | null {
    const stopped = this.#aclOf(hop, view);
    if (!stopped) capture(hop, view, "ACCEPT");
    return stopped;
  }

  /** What the network ACL of the interface's subnet says; a packet that it lets in is still to meet the groups. */
  #aclOf(hop: Hop, view: PacketView): Delivery | null {
    const acl = networkAclOf(hop.place.region, hop.subnet);
    if (acl && aclAllows(acl.entries, view)) return null;
    capture(hop, view, "REJECT");
    return dropped("network-acl", acl?.id ?? hop.subnet.id);
  }

  #pathOf(packet: Packet, source: Hop, route: Route | null): PathKind {
    const peer = route?.target.kind === "local" ? findInVpc(source, packet.to.ip) : null;
    const hops = peer ? [source, peer] : [source];
    const kind = route?.target.kind;
    const isTrackedRoute =
      kind === "nat-gateway" ||
      kind === "egress-only-internet-gateway" ||
      (kind === "vpc-endpoint" && route !== null && this.#isTrackedEndpoint(source, route));
    return {
      isAutomatic: isTrackedRoute || this.#isAutomatic(packet, ...hops),
      isLoadBalanced: isLoadBalanced(packet, ...hops),
    };
  }

  /** DynamoDB's gateway endpoint is on AWS's list, S3's is not; a route without a prefix list leads to a firewall endpoint. */
  #isTrackedEndpoint({ place }: Hop, { destination }: Route): boolean {
    return place.region.prefixLists.get(destination)?.name.includes("dynamodb") ?? true;
  }

  #isAutomatic(packet: Packet, ...hops: readonly Hop[]): boolean {
    return packet.via !== undefined || hops.some(isAutomaticallyTracked);
  }

  #isAttached({ place, vpc }: Hop, gatewayId: string): boolean {
    return place.region.internetGateways.get(gatewayId)?.vpcId === vpc.id;
  }

  #hasInternetGateway({ place, vpc }: Hop): boolean {
    return [...place.region.internetGateways.values()].some(({ vpcId, egressOnly }) => vpcId === vpc.id && !egressOnly);
  }
}

function keepTracked(delivery: Delivery, tracked: boolean): Delivery {
  return tracked && !delivery.tracked ? { ...delivery, tracked } : delivery;
}
