import { rangeContains } from "../addresses.ts";
import type { NetworkInterface, Subnet, Vpc } from "../model.ts";
import { isOnNetwork } from "../instance-states.ts";
import { publicAddressesOf } from "../public-addresses.ts";
import type { Place, World } from "../world.ts";
import type { Delivery, DeliveryReason, Packet } from "./packet.ts";

/** An interface with where it lies. */
export interface Hop {
  readonly place: Place;
  readonly network: NetworkInterface;
  readonly subnet: Subnet;
  readonly vpc: Vpc;
}

export function hopOf(place: Place, network: NetworkInterface): Hop | null {
  const subnet = place.region.subnets.get(network.subnetId);
  const vpc = place.region.vpcs.get(network.vpcId);
  return subnet && vpc ? { place, network, subnet, vpc } : null;
}

/** The interface with this id, in whichever account and Region it lies. */
export function findHop(world: World, interfaceId: string): Hop | null {
  for (const place of world.places()) {
    const network = place.region.interfaces.get(interfaceId);
    if (network) return hopOf(place, network);
  }
  return null;
}

/** The interface that holds this private address in the VPC. */
export function findInVpc({ place, vpc }: Hop, ip: string): Hop | null {
  for (const network of place.region.interfaces.values()) {
    if (network.vpcId === vpc.id && holdsAddress(network, ip)) return hopOf(place, network);
  }
  return null;
}

/** The interface with this public IPv4 address, or IPv6 address, anywhere in the world. */
export function findByPublicAddress(
  world: World,
  ip: string,
): { readonly hop: Hop; readonly privateIp: string } | null {
  for (const place of world.places()) {
    for (const network of place.region.interfaces.values()) {
      const privateIp =
        publicAddressesOf(network).find((address) => address.ip === ip)?.privateIp ??
        (network.ipv6Addresses.includes(ip) ? ip : null);
      const hop = privateIp === null ? null : hopOf(place, network);
      if (hop && privateIp !== null) return { hop, privateIp };
    }
  }
  return null;
}

function addressesOf({ privateIps, ipv6Addresses }: NetworkInterface): readonly string[] {
  return [...privateIps, ...ipv6Addresses];
}

/** Whether a gateway to the internet, or to a carrier's network, belongs to the hop's VPC. */
export function isAttached({ place: { region }, vpc }: Hop, gatewayId: string): boolean {
  const gateway = region.internetGateways.get(gatewayId) ?? region.carrierGateways.get(gatewayId);
  return gateway?.vpcId === vpc.id;
}

/** An internet gateway, or a carrier's: they need no route inwards. */
export function hasInternetGateway({ place: { region }, vpc }: Hop): boolean {
  return (
    [...region.internetGateways.values()].some(({ vpcId, egressOnly }) => vpcId === vpc.id && !egressOnly) ||
    [...region.carrierGateways.values()].some(({ vpcId, state }) => vpcId === vpc.id && state === "available")
  );
}

/** Whether an address is the interface's own, or lies in a block that is delegated to it. */
export function holdsAddress(network: NetworkInterface, ip: string): boolean {
  return (
    addressesOf(network).includes(ip) || (network.delegatedPrefixes ?? []).some((prefix) => rangeContains(prefix, ip))
  );
}

/** Whether packets leave and reach this interface: its instance is up, or a service owns it, or its trunk is up. */
export function isUp(hop: Hop): boolean {
  const { network, place } = hop;
  if (network.attachment) {
    const instance = place.region.instances.get(network.attachment.instanceId);
    if (network.attachment.status === "detached") return false;
    return instance ? isOnNetwork(instance) : network.requesterManaged;
  }
  const trunk = network.trunkInterfaceId === null ? undefined : place.region.interfaces.get(network.trunkInterfaceId);
  const trunkHop = trunk ? hopOf(place, trunk) : null;
  return trunkHop ? isUp(trunkHop) : network.requesterManaged;
}

/** Kinds of interfaces whose flows AWS tracks whatever the rules say. */
const AUTOMATICALLY_TRACKED = new Set([
  "nat_gateway",
  "network_load_balancer",
  "vpc_endpoint",
  "lambda",
  "global_accelerator_managed",
]);

export function isAutomaticallyTracked({ network }: Hop): boolean {
  return AUTOMATICALLY_TRACKED.has(network.interfaceType);
}

export function isLoadBalanced(packet: Packet, ...hops: readonly Hop[]): boolean {
  return (
    packet.via === "network-load-balancer" ||
    hops.some(({ network }) => network.interfaceType === "network_load_balancer")
  );
}

export function dropped(
  reason: Exclude<DeliveryReason, "delivered" | "unfiltered-service">,
  by: string | null,
): Delivery {
  return { delivered: false, reason, by, tracked: false };
}

export function delivered(tracked: boolean): Delivery {
  return { delivered: true, reason: "delivered", by: null, tracked };
}

/** The whole delivery is tracked where an interface on the path keeps an entry. */
export function keepTracked(delivery: Delivery, tracked: boolean): Delivery {
  return tracked && !delivery.tracked ? { ...delivery, tracked } : delivery;
}
