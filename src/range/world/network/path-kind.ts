/** Whether AWS tracks the flows on a path whatever the rules say. */
import type { Route } from "../model.ts";
import { findInVpc, isAutomaticallyTracked, isLoadBalanced, type Hop } from "./hop.ts";
import type { PathKind } from "./interface-filter.ts";
import type { JoinedNetworks } from "./joined-networks.ts";
import type { Packet } from "./packet.ts";

/** What the path of a packet means at the interface that sends it. */
export function pathOf(
  packet: Packet,
  source: Hop,
  { route, joined }: { readonly route: Route | null; readonly joined: JoinedNetworks },
): PathKind {
  const target = route?.target;
  if (target?.kind === "transit-gateway" || target?.kind === "vpc-peering-connection" || target?.kind === "vpn-gateway")
    return joined.pathAt(packet, source, target);
  const peer = target?.kind === "local" ? findInVpc(source, packet.to.ip) : null;
  const hops = peer ? [source, peer] : [source];
  const isTrackedRoute =
    target?.kind === "nat-gateway" ||
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

export function isAutomatic(packet: Packet, ...hops: readonly Hop[]): boolean {
  return packet.via !== undefined || hops.some(isAutomaticallyTracked);
}
