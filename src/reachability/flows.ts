import type { Cidr } from "./cidr.ts";
import { covers, intersection, isEverything, parseCidr, subtract } from "./cidr.ts";
import type { FlowProtocol, GroupRule, ReachInterface } from "./described.ts";
import type { PortRange } from "./matching.ts";
import { allPorts, coversPorts, portsOf, protocolsOf } from "./matching.ts";
import { peersAllowed } from "./network-acl.ts";
import type { Segment } from "./routes.ts";
import { segmentsTo } from "./routes.ts";

/** Flows of one kind that the interface may still carry. */
export interface Flow {
  readonly interfaceId: string;
  /** Which side opens it: the instance (`egress`) or the peer (`ingress`). */
  readonly opened: "egress" | "ingress";
  readonly protocol: FlowProtocol;
  readonly ports: PortRange;
  /** The peers as rule and route name them. */
  readonly peers: Cidr;
  /** What the NACL leaves of them, as blocks: never empty. */
  readonly left: readonly Cidr[];
  /** The group or prefix list that the rule names, where it names no block. */
  readonly named: string | null;
  readonly via: string;
  readonly isAutoTracked: boolean;
}

const anything: readonly GroupRule[] = (["egress", "ingress"] as const).flatMap((direction) =>
  ["0.0.0.0/0", "::/0"].map((peer) => ({ direction, protocol: "-1", fromPort: null, toPort: null, peer })),
);

const everything = [parseCidr("0.0.0.0/0"), parseCidr("::/0")].filter((block) => block !== null);

/**
 * Flows that may go on: allowed by these rules, routed, not denied by the NACL both ways, and neither untracked nor converted.
 *
 * An account-managed interface that was sealed keeps what AWS tracks. One that nobody could seal keeps everything.
 */
export function flowsLeft(nic: ReachInterface): readonly Flow[] {
  const before = nic.unknownBefore === null ? nic.rulesBefore : anything;
  const rules = nic.managedBy === null ? before : nic.rulesNow;
  return rules.flatMap((rule) =>
    protocolsOf(rule.protocol).flatMap((protocol) =>
      peersOf(rule).flatMap((peers) => flowsOf(nic, { rules, rule, protocol, peers })),
    ),
  );
}

function flowsOf(
  nic: ReachInterface,
  {
    rules,
    rule,
    protocol,
    peers,
  }: { rules: readonly GroupRule[]; rule: GroupRule; protocol: FlowProtocol; peers: Cidr },
): readonly Flow[] {
  // Members of a group are never beyond a gateway to the internet.
  const routed = segmentsTo(peers, nic).filter(
    ({ via }) => !rule.peer.startsWith("sg-") || !/^(igw|eigw|nat)-/.test(via),
  );
  const segments = routed.flatMap((segment) => [segment, ...autoTrackedBehind(segment, nic)]);
  return segments.flatMap(({ peers: behind, via, isAutoTracked, isInboundOnly }) => {
    if (!outlives(nic, { rules, rule, protocol, family: peers.family, isAutoTracked })) return [];
    const left = peersNotDenied(nic, { rule, protocol, peers: behind, isInboundOnly });
    if (left.length === 0) return [];
    const named = parseCidr(rule.peer) === null ? rule.peer : null;
    return [
      {
        interfaceId: nic.id,
        opened: rule.direction,
        protocol,
        ports: portsOf(rule),
        peers: behind,
        left,
        named,
        via,
        isAutoTracked,
      },
    ];
  });
}

/** Peers in the VPC that conversion does not reach. */
function autoTrackedBehind({ peers, via }: Segment, nic: ReachInterface): readonly Segment[] {
  if (via !== "local") return [];
  const blocks = nic.autoTrackedPeers.flatMap((address) => parseCidr(address) ?? []);
  return blocks
    .filter((block) => covers(peers, block))
    .map((block) => ({ peers: block, via, isAutoTracked: true, isInboundOnly: false }));
}

/**
 * Whether AWS tracks the flows that a rule allows: all but TCP and UDP between everybody and everybody.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html#untracked-connections
 */
export function isTracked(
  rules: readonly GroupRule[],
  flow: { rule: GroupRule; protocol: FlowProtocol; family: 4 | 6 },
): boolean {
  const { rule, protocol, family } = flow;
  if (protocol !== "tcp" && protocol !== "udp") return true;
  if (!isForEverybody(rule, family)) return true;
  return !rules.some(
    (other) =>
      other.direction !== rule.direction &&
      protocolsOf(other.protocol).includes(protocol) &&
      coversPorts(portsOf(other), allPorts) &&
      isForEverybody(other, family),
  );
}

function outlives(
  nic: ReachInterface,
  flow: { rules: readonly GroupRule[]; rule: GroupRule; protocol: FlowProtocol; family: 4 | 6; isAutoTracked: boolean },
): boolean {
  if (nic.managedBy !== null || flow.isAutoTracked) return true;
  const isConvertible = flow.protocol === "tcp" || flow.protocol === "udp";
  if (nic.isConverted && isConvertible) return false;
  if (nic.unknownBefore !== null) return true; // Rules that nobody knows prove no flow untracked.
  return isTracked(flow.rules, flow);
}

/** The peers whose packets the NACL lets through in at least one direction: one is enough to command, or to send data out. */
function peersNotDenied(
  nic: ReachInterface,
  {
    rule,
    protocol,
    peers,
    isInboundOnly,
  }: { rule: GroupRule; protocol: FlowProtocol; peers: Cidr; isInboundOnly: boolean },
): readonly Cidr[] {
  const own = nic.subnetCidrs.flatMap((text) => parseCidr(text) ?? []);
  const inSubnet = own.flatMap((subnet) => intersection(subnet, peers) ?? []);
  // NACLs decide only what enters or leaves the subnet.
  const beyond = own.reduce<readonly Cidr[]>((rest, subnet) => rest.flatMap((each) => subtract(each, subnet)), [peers]);
  const passed = beyond.flatMap((each) =>
    notDenied(nic, { opened: rule.direction, protocol, peers: each, ports: portsOf(rule), isInboundOnly }),
  );
  return [...inSubnet, ...passed];
}

/** Peers of which the NACL lets packets through in at least one direction. */
export function notDenied(
  nic: ReachInterface,
  {
    opened,
    protocol,
    peers,
    ports,
    isInboundOnly = false,
  }: {
    opened: "egress" | "ingress";
    protocol: FlowProtocol;
    peers: Cidr;
    ports: PortRange;
    isInboundOnly?: boolean;
  },
): readonly Cidr[] {
  // Answers go to a port that the other side chose freely.
  const directions = isInboundOnly ? (["ingress"] as const) : (["egress", "ingress"] as const);
  return directions.flatMap((direction) =>
    peersAllowed(nic.aclEntries, { direction, protocol, peers, ports: direction === opened ? ports : allPorts }),
  );
}

/** We know the addresses of neither a group's members nor a prefix list: anybody may be one. */
function peersOf({ peer }: GroupRule): readonly Cidr[] {
  const block = parseCidr(peer);
  return block === null ? everything : [block];
}

function isForEverybody({ peer }: GroupRule, family: 4 | 6): boolean {
  const block = parseCidr(peer);
  return block !== null && block.family === family && isEverything(block);
}
