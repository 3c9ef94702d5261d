/** The network of a world: carries packets, answers what would pass, and takes flows that began in the past. */
import { parseAddress } from "../addresses.ts";
import type { Route } from "../model.ts";
import { publicAddressFor } from "../public-addresses.ts";
import type { World } from "../world.ts";
import { Checkpoints } from "./checkpoints.ts";
import type { TrackedFlow } from "./connections.ts";
import {
  delivered,
  dropped,
  findByPublicAddress,
  findHop,
  findInVpc,
  hasInternetGateway,
  holdsAddress,
  isAttached,
  isLoadBalanced,
  isUp,
  keepTracked,
  type Hop,
} from "./hop.ts";
import { InterfaceFilter, type PathKind } from "./interface-filter.ts";
import { NatGateways } from "./nat-gateways.ts";
import { identityOf } from "./connections.ts";
import { packetOf, type Flow, type PlantedPast } from "./flow.ts";
import { JoinedNetworks } from "./joined-networks.ts";
import { inspectionDoor, isAutomatic, isInspectionTracked, pathOf } from "./path-kind.ts";
import { endedByBalancer } from "./balanced-flows.ts";
import { plantable, plantEntries } from "./planting.ts";
import { Trial } from "./trial.ts";
import { DEFAULT_NETWORK_OPTIONS, optionFor, type NetworkOptions } from "./options.ts";
import { viewOf, type Delivery, type Packet, type PacketView } from "./packet.ts";
import { findRoute } from "./routes.ts";
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
  readonly #trial = new Trial();
  readonly #filter: InterfaceFilter;
  readonly #natGateways: NatGateways;
  readonly #at: Checkpoints;
  readonly #joined: JoinedNetworks;
  readonly #forwarders = new Set<string>();

  constructor(world: World, options: Partial<NetworkOptions> = {}) {
    this.#world = world;
    this.#filter = new InterfaceFilter({ ...DEFAULT_NETWORK_OPTIONS, ...options }, this.#trial);
    this.#at = new Checkpoints(this.#filter, this.#trial);
    this.#natGateways = new NatGateways(world, this.#at, this.#trial);
    this.#joined = new JoinedNetworks(world, this.#at);
  }

  send(packet: Packet): Delivery {
    const ended = endedByBalancer(this.#world, packet);
    if (ended) return ended;
    return packet.from.kind === "interface"
      ? this.#sendFromInside(packet, packet.from.interfaceId)
      : this.#receiveFromOutside(packet);
  }

  /**
   * What would become of this packet if it were sent at this instant. Nothing is sent: no entry is made, kept alive or
   * converted, no NAT mapping is made, no flow log records it, and asking twice gives the same answer.
   */
  probe(packet: Packet): Delivery {
    return this.#trial.run(() => this.send(packet));
  }

  /**
   * Whether a packet in the middle of this flow would pass now, in each direction by itself: `outward` from `inside` to
   * `outside`, `inward` the other way. It is neither a first packet nor an end. A flow whose entry has aged out, or that
   * never was, passes only where the rules of this moment let it. Like `probe`, asking changes nothing.
   *
   * To ask whether a *new* connection would be let through, `probe` its first packet (`tcp: "syn"`).
   */
  wouldPass(flow: Flow): { readonly outward: Delivery; readonly inward: Delivery } {
    return { outward: this.probe(packetOf(flow, "outward")), inward: this.probe(packetOf(flow, "inward")) };
  }

  /**
   * Puts a flow in place that began in the past, without sending anything: what the interfaces at its ends track of it,
   * and the mapping of a NAT gateway on its way. The routes of this moment say which way it takes, and so whether AWS
   * tracks it in any case; `past` says everything that the present cannot know. A flow that was idle for longer than its
   * timer is planted all the same, and is dead: the next question finds no entry.
   *
   * No flow log and no event tells of it. A flow that was untracked has no entry: plant it with `tracked: false`, which
   * makes only the mapping of a NAT gateway.
   *
   * @throws TypeError when an end is not an interface of the world, or `lastPacketAt` is before `beganAt` or in the future.
   */
  plant(flow: Flow, past: PlantedPast): void {
    const { source, route } = plantable(this.#world, flow, past);
    const packet = packetOf(flow, "outward");
    if (route?.target.kind === "nat-gateway") {
      const mapped = { interfaceId: source.network.id, view: viewOf(packet, "egress") };
      this.#natGateways.mappings.open(route.target.id, mapped, past.lastPacketAt);
    }
    if (past.tracked === false) return;
    plantEntries(this.#filter, { flow, past, source, path: this.#pathOf(packet, source, route) });
  }

  /** What runs behind this interface forwards packets that are for others; its source/destination check must be off. */
  forwardThrough(interfaceId: string): void {
    this.#forwarders.add(interfaceId);
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
    return this.#emit(packet, source, 0);
  }

  /** Out of an interface: its groups first, then the route of its subnet. */
  #emit(packet: Packet, source: Hop, forwarded: number): Delivery {
    if (forwarded > MOST_FORWARDERS) return dropped("no-route", source.network.id);
    const found = findRoute(source.place.region, source.subnet, packet.to.ip);
    const path = this.#pathOf(packet, source, found?.route ?? null);
    const exit = this.#at.exit(packet, source, path);
    if ("delivered" in exit) return exit;
    if (!found) return dropped("no-route", source.subnet.id);
    return keepTracked(this.#follow(packet, source, found.route, forwarded), exit.tracked);
  }

  #follow(packet: Packet, source: Hop, { target, destination }: Route, forwarded: number): Delivery {
    const isV4 = parseAddress(packet.to.ip)?.family === 4;
    switch (target.kind) {
      case "local":
        return this.#deliverInside(packet, source);
      case "internet-gateway":
      case "carrier-gateway":
        return this.#leave(packet, source, target.id);
      case "egress-only-internet-gateway":
        if (isV4 || !isAttached(source, target.id)) return dropped("no-route", target.id);
        return this.#at.acl(source, viewOf(packet, "egress")) ?? delivered(true);
      case "nat-gateway":
        return this.#translate(packet, source, target.id);
      case "vpc-endpoint": {
        const door = inspectionDoor(source, target);
        if (door) return this.#throughInspection(packet, source, { door, forwarded });
        return this.#at.acl(source, viewOf(packet, "egress")) ?? delivered(false);
      }
      case "vpc-peering-connection":
      case "transit-gateway":
      case "vpn-gateway":
        return this.#joined.outward(packet, source, target);
      case "network-interface":
        return this.#throughAppliance(packet, source, { interfaceId: target.id, forwarded });
      case "core-network":
      case "blackhole":
        return dropped("no-route", destination);
    }
  }

  /** Network ACLs stand between subnets, not inside one. */
  #deliverInside(packet: Packet, source: Hop): Delivery {
    const target = findInVpc(source, packet.to.ip);
    if (!target) return dropped("no-such-interface", packet.to.ip);
    return this.#at.between(packet, { from: source, to: target }) ?? this.#enterFrom(packet, source, target);
  }

  #enterFrom(packet: Packet, source: Hop, target: Hop): Delivery {
    return this.#at.enter(packet, target, {
      isAutomatic: isAutomatic(packet, source, target),
      isLoadBalanced: isLoadBalanced(packet, source, target),
    });
  }

  /** Into the interface that a route names. Without its source/destination check it takes what is for others. */
  #throughAppliance(
    packet: Packet,
    source: Hop,
    { interfaceId, forwarded }: { readonly interfaceId: string; readonly forwarded: number },
  ): Delivery {
    const appliance = findHop(this.#world, interfaceId);
    if (!appliance || appliance.vpc.id !== source.vpc.id) return dropped("no-route", interfaceId);
    const stopped = this.#at.between(packet, { from: source, to: appliance });
    if (stopped) return stopped;
    const isItsOwn = holdsAddress(appliance.network, packet.to.ip);
    if (appliance.network.sourceDestCheck && !isItsOwn) return dropped("source-destination-check", interfaceId);
    const entered = this.#enterFrom(packet, source, appliance);
    if (!entered.delivered || isItsOwn || !this.#forwarders.has(interfaceId)) return entered;
    return keepTracked(this.#emit(packet, appliance, forwarded + 1), entered.tracked);
  }

  /** Through a Gateway Load Balancer, which gives the packet back at the door: the route there leads on. */
  #throughInspection(
    packet: Packet,
    source: Hop,
    { door, forwarded }: { readonly door: Hop; readonly forwarded: number },
  ): Delivery {
    const stopped = this.#at.between(packet, { from: source, to: door });
    if (stopped) return stopped;
    const onward = findRoute(door.place.region, door.subnet, packet.to.ip)?.route;
    if (!onward || forwarded >= MOST_FORWARDERS) return dropped("no-route", door.subnet.id);
    return this.#follow(packet, door, onward, forwarded + 1);
  }

  #leave(packet: Packet, source: Hop, gatewayId: string): Delivery {
    // Forwarded packets have the address of the interface that sent them first.
    const origin = holdsAddress(source.network, packet.from.ip) ? source : findInVpc(source, packet.from.ip);
    if (!isAttached(source, gatewayId)) return dropped("no-route", gatewayId);
    const isV6 = parseAddress(packet.from.ip)?.family === 6;
    const view = viewOf(packet, "egress");
    const publicIp = origin
      ? (this.#keptAddress(origin, view) ?? publicAddressFor(origin.network, packet.from.ip)?.ip)
      : undefined;
    if (!isV6 && publicIp === undefined) return dropped("no-public-address", source.network.id);
    const stopped = this.#at.acl(source, view);
    if (stopped) return stopped;
    const seenFrom = isV6 ? packet.from.ip : (publicIp ?? packet.from.ip);
    return this.#arrive({ ...packet, from: { kind: "external", ip: seenFrom } }) ?? delivered(false);
  }

  /** The public address that a tracked flow goes on with, though its interface may have lost it since. */
  #keptAddress({ place, network }: Hop, view: PacketView): string | undefined {
    const flow = this.#filter.find(place, network, view, NOT_SPECIAL);
    const ends = optionFor(this.#filter.options.lostAddressEnds, identityOf(network.id, view));
    return flow && !ends ? (flow.publicIp ?? undefined) : undefined;
  }

  #translate(packet: Packet, source: Hop, gatewayId: string): Delivery {
    const translated = this.#natGateways.outward(packet, source, gatewayId);
    return "delivered" in translated ? translated : (this.#arrive(translated.leaves) ?? delivered(true));
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
    const mapping = this.#natGateways.mappings.inbound(target.network.id, view.about ?? view, this.#world.now());
    if (mapping) return this.#natGateways.inward(inner, target, mapping);

    const joined = packet.to.kind === "interface" ? this.#joined.inward(inner, target) : null;
    if (joined) return joined;
    const isV6 = parseAddress(privateIp)?.family === 6;
    const back = findRoute(target.place.region, target.subnet, packet.from.ip)?.route.target;
    if (!isV6 && !publicAddressFor(target.network, privateIp) && this.#keptAddress(target, view) === undefined) {
      return back?.kind === "nat-gateway"
        ? dropped("no-nat-mapping", back.id)
        : dropped("no-public-address", target.network.id);
    }
    const isEgressOnly = isV6 && back?.kind === "egress-only-internet-gateway";
    if (isEgressOnly && !this.#filter.connections.find(target.network.id, view, this.#world.now()))
      return dropped("no-route", back.id);
    if (!isEgressOnly && !hasInternetGateway(target)) return dropped("no-route", target.vpc.id);
    const door = back ? inspectionDoor(target, back) : null;
    const stopped = (door ? this.#at.throughDoor(door, target, view) : null) ?? this.#at.aclOf(target, view);
    return (
      stopped ??
      this.#at.enter(inner, target, {
        isAutomatic:
          isEgressOnly ||
          isAutomatic(inner, target) ||
          (door !== null && isInspectionTracked(this.#filter.options, target, view)),
        isLoadBalanced: isLoadBalanced(inner, target),
      })
    );
  }

  #pathOf(packet: Packet, source: Hop, route: Route | null): PathKind {
    return pathOf(packet, source, { route, joined: this.#joined, options: this.#filter.options });
  }
}

/** A packet that is forwarded more often goes in a circle. */
const MOST_FORWARDERS = 8;

const NOT_SPECIAL: PathKind = { isAutomatic: false, isLoadBalanced: false };
