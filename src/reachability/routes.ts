import type { Cidr } from "./cidr.ts";
import { covers, intersection, parseCidr } from "./cidr.ts";
import type { ReachInterface, RouteLine } from "./described.ts";

/** Peers behind one route. */
export interface Segment {
  readonly peers: Cidr;
  /** `local`, or the id of the gateway. */
  readonly via: string;
  /** AWS tracks flows through it whatever the rules say, so that opening the group does not convert them. */
  readonly isAutoTracked: boolean;
}

/**
 * Where packets to these peers go: the longest prefix that holds them all, and every more specific route inside.
 * https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html
 */
export function segmentsTo(peers: Cidr, nic: Pick<ReachInterface, "routes" | "publicAddress">): readonly Segment[] {
  const routes = nic.routes.flatMap((route) => {
    const block = parseCidr(route.destination);
    return block?.family !== peers.family ? [] : [{ block, route }];
  });
  const around = routes.filter(({ block }) => covers(block, peers));
  const longest = around.sort((left, right) => right.block.bits - left.block.bits)[0];
  const inside = routes.filter(({ block }) => !covers(block, peers) && intersection(block, peers) !== null);
  // We do not read the members of a prefix list: any of the peers may be one, and such a route hides no other.
  const listed = nic.routes.filter(({ destination }) => destination.startsWith("pl-"));
  return [...(longest === undefined ? [] : [longest]), ...inside, ...listed.map((route) => ({ block: peers, route }))]
    .filter(({ route }) => carries(route, peers.family, nic.publicAddress !== null))
    .map(({ block, route }) => ({
      peers: intersection(block, peers) ?? peers,
      via: route.target,
      isAutoTracked: isAutoTracked(route.target),
    }));
}

function carries({ target, isBlackhole }: RouteLine, family: 4 | 6, hasPublicAddress: boolean): boolean {
  if (isBlackhole) return false;
  return !(target.startsWith("igw-") && family === 4 && !hasPublicAddress);
}

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html#automatic-tracking */
function isAutoTracked(target: string): boolean {
  return target.startsWith("nat-") || target.startsWith("eigw-") || target.startsWith("vpce-");
}
