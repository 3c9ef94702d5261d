import type { Cidr } from "./cidr.ts";
import { covers, intersection, parseCidr, subtract } from "./cidr.ts";
import type { ReachInterface, RouteLine } from "./described.ts";

/** Peers behind one route. */
export interface Segment {
  readonly peers: Cidr;
  /** `local`, or the id of the gateway. */
  readonly via: string;
  /** AWS tracks flows through it whatever the rules say, so that opening the group does not convert them. */
  readonly isAutoTracked: boolean;
  /** Packets come in this way, and none goes out: enough to command. */
  readonly isInboundOnly: boolean;
}

/**
 * Where packets to these peers go: the longest prefix that holds them all, and every more specific route inside.
 * https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html
 */
export function segmentsTo(peers: Cidr, nic: Surroundings): readonly Segment[] {
  const routes = nic.routes.flatMap((route) => {
    const block = parseCidr(route.destination);
    return block?.family !== peers.family ? [] : [{ block, route }];
  });
  const around = routes.filter(({ block }) => covers(block, peers));
  const longest = around.sort((left, right) => right.block.bits - left.block.bits)[0];
  const inside = routes.filter(({ block }) => !covers(block, peers) && intersection(block, peers) !== null);
  // We do not read the members of a prefix list: any of the peers may be one, and such a route hides no other.
  const listed = nic.routes.filter(({ destination }) => destination.startsWith("pl-"));
  const all = [
    ...(longest === undefined ? [] : [longest]),
    ...inside,
    ...listed.map((route) => ({ block: peers, route })),
  ];
  const carried = all
    .filter(({ route }) => carries(route, peers.family, nic.publicAddress !== null))
    .map(({ block, route }) => ({
      peers: intersection(block, peers) ?? peers,
      via: route.target,
      isAutoTracked: isAutoTracked(route.target),
      isInboundOnly: false,
    }));
  return [...carried, ...inboundOnly(peers, nic, all)];
}

type Surroundings = Pick<ReachInterface, "routes" | "publicAddress" | "hasIpv6">;

/**
 * Peers who reach the interface through the VPC's internet gateway, though its own packets to them go nowhere or elsewhere: a
 * subnet's routes are for what leaves it. https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html
 */
function inboundOnly(
  peers: Cidr,
  { publicAddress, hasIpv6 }: Surroundings,
  outward: readonly { readonly block: Cidr; readonly route: RouteLine }[],
): readonly Segment[] {
  // Whether the VPC has an internet gateway is not read: a public address says so, an IPv6 address must count as one.
  if (peers.family === 4 ? publicAddress === null : !hasIpv6) return [];
  const elsewhere = outward.filter(({ route }) => route.isBlackhole || !isBothWays(route));
  const bothWays = outward.filter(({ route }) => !route.isBlackhole && isBothWays(route));
  // A more specific route that leads elsewhere lies inside one that works: what it takes is not reached by the other.
  const taken = elsewhere.flatMap(({ block }) => intersection(block, peers) ?? []);
  const open = bothWays.reduce<readonly Cidr[]>(
    (rest, { block }) => rest.flatMap((each) => subtract(each, block)),
    [peers],
  );
  return [...taken, ...open]
    .flatMap((block) =>
      privateBlocks.reduce<readonly Cidr[]>((rest, each) => rest.flatMap((one) => subtract(one, each)), [block]),
    )
    .map((block) => ({
      peers: block,
      via: "an internet gateway, inwards only",
      isAutoTracked: false,
      isInboundOnly: true,
    }));
}

/** Nobody on the internet has these. */
const privateBlocks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"].flatMap(
  (block) => parseCidr(block) ?? [],
);

function isBothWays({ target }: RouteLine): boolean {
  return target === "local" || target.startsWith("igw-") || target.startsWith("eigw-");
}

function carries({ target, isBlackhole }: RouteLine, family: 4 | 6, hasPublicAddress: boolean): boolean {
  if (isBlackhole) return false;
  return !(target.startsWith("igw-") && family === 4 && !hasPublicAddress);
}

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html#automatic-tracking */
function isAutoTracked(target: string): boolean {
  return target.startsWith("nat-") || target.startsWith("eigw-") || target.startsWith("vpce-");
}
