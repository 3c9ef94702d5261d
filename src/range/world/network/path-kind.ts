/** Whether AWS tracks the flows on a path whatever the rules say. */
import type { Route, RouteTarget } from "../model.ts";
import { identityOf } from "./connections.ts";
import { findInVpc, hopOf, isAutomaticallyTracked, isLoadBalanced, type Hop } from "./hop.ts";
import type { PathKind } from "./interface-filter.ts";
import type { JoinedNetworks } from "./joined-networks.ts";
import { optionFor, type NetworkOptions } from "./options.ts";
import { viewOf, type Packet, type PacketView } from "./packet.ts";

/** What the path of a packet means at the interface that sends it. */
export function pathOf(
  packet: Packet,
  source: Hop,
  {
    route,
    joined,
    options,
  }: { readonly route: Route | null; readonly joined: JoinedNetworks; readonly options: NetworkOptions },
): PathKind {
  const target = route?.target;
  if (target?.kind === "transit-gateway" || target?.kind === "vpc-peering-connection" || target?.kind === "vpn-gateway")
    return joined.pathAt(packet, source, target);
  const peer = target?.kind === "local" ? findInVpc(source, packet.to.ip) : null;
  const hops = peer ? [source, peer] : [source];
  const isInspected = target !== undefined && inspectionDoor(source, target) !== null;
  const isTrackedRoute = isInspected
    ? isInspectionTracked(options, source, viewOf(packet, "egress"))
    : target?.kind === "nat-gateway" ||
      target?.kind === "egress-only-internet-gateway" ||
      (target?.kind === "vpc-endpoint" && route !== null && isTrackedEndpoint(source, route));
  return {
    isAutomatic: isTrackedRoute || isAutomatic(packet, ...hops),
    isLoadBalanced: isLoadBalanced(packet, ...hops),
  };
}

/** DynamoDB's gateway endpoint is on AWS's list, S3's is not; a route without a prefix list leads to a firewall endpoint. */
function isTrackedEndpoint({ place }: Hop, { destination }: Route): boolean {
  return place.region.prefixLists.get(destination)?.name.includes("dynamodb") ?? true;
}

/** The interface of the Gateway Load Balancer endpoint that a route leads to; null where it leads to something else. */
export function inspectionDoor({ place }: Hop, target: RouteTarget): Hop | null {
  const endpoint = target.kind === "vpc-endpoint" ? place.region.vpcEndpoints.get(target.id) : undefined;
  const [interfaceId] = endpoint?.kind === "GatewayLoadBalancer" ? endpoint.interfaceIds : [];
  const network = place.region.interfaces.get(interfaceId ?? "");
  return network ? hopOf(place, network) : null;
}

/** AWS's pages differ: see docs/range-world.md. */
export function isInspectionTracked(options: NetworkOptions, { network }: Hop, view: PacketView): boolean {
  return optionFor(options.tracksGatewayLoadBalancers, identityOf(network.id, view));
}

export function isAutomatic(packet: Packet, ...hops: readonly Hop[]): boolean {
  return packet.via !== undefined || hops.some(isAutomaticallyTracked);
}
