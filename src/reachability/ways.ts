/** Lists every way of flows of an instance's interfaces, each once: closed with its ground, or as a survivor. */
import type { Survivor } from "../core/containment.ts";
import type { ClosedWay, WayScope } from "../core/ledger.ts";
import { formatCidr } from "./cidr.ts";
import type { Described, FlowProtocol, ReachInterface } from "./described.ts";
import type { Closed, Judgement, Open } from "./grounds.ts";
import { judge } from "./grounds.ts";
import { privateBlocks } from "./paths.ts";
import type { Part } from "./peer-space.ts";
import { blocksOf, partsOf } from "./peer-space.ts";

export interface Ways {
  readonly survivors: readonly Survivor[];
  readonly closed: readonly ClosedWay[];
}

const protocols = ["tcp", "udp", "icmp", "other"] as const satisfies readonly FlowProtocol[];

/** The ways of flows. Peers of one interface and protocol are disjoint, and together all addresses of both families. */
export function waysOf(described: Described): Ways {
  const rows = described.interfaces.flatMap((nic) => protocols.flatMap((protocol) => rowsOf(nic, protocol, described)));
  return {
    survivors: rows.flatMap((row) => (row.state.kind === "open" ? survivorOf(row, row.state, described) : [])),
    closed: rows.flatMap((row) => (row.state.kind === "closed" ? closedOf(row, row.state) : [])),
  };
}

/** Peers of one interface and protocol with the same judgement. */
interface Row {
  readonly nic: ReachInterface;
  readonly protocol: FlowProtocol;
  readonly state: Judgement;
  readonly parts: readonly Part<Judgement>[];
}

function rowsOf(nic: ReachInterface, protocol: FlowProtocol, described: Described): readonly Row[] {
  const parts = partsOf(blocksOf(blocksThatMatter(nic, protocol, described)), (block) => {
    const state = judge({ nic, described, protocol, peers: block });
    return { key: JSON.stringify(state), state };
  });
  const alike = new Map<string, Row>();
  for (const part of parts) {
    const key = JSON.stringify(part.state);
    alike.set(key, { nic, protocol, state: part.state, parts: [...(alike.get(key)?.parts ?? []), part] });
  }
  return [...alike.values()];
}

function blocksThatMatter(nic: ReachInterface, protocol: FlowProtocol, described: Described): readonly string[] {
  const rules = [...nic.rulesNow, ...(nic.history?.ever ?? []), ...(nic.history?.always ?? [])];
  return [
    ...privateBlocks,
    ...nic.subnetCidrs,
    ...(nic.vpc?.cidrs ?? []),
    ...(nic.vpc?.gateways ?? []).flatMap(({ cidrs }) => cidrs ?? []),
    ...nic.autoTrackedPeers,
    ...nic.routes.map(({ destination }) => destination),
    ...nic.aclEntries.map(({ cidr }) => cidr),
    ...rules.map(({ peer }) => peer),
    ...described.indications.flatMap(({ remotes }) => remotes.map(({ address }) => address)),
    ...(described.silentPeers?.(nic.id, protocol)?.peers ?? []),
  ];
}

/** So many blocks are named to people; the scope has all. */
const MOST_BLOCKS = 3;

/** A part that other rows have pieces of is named by its block: "the rest of 0.0.0.0/0". */
function peersText({ parts }: Row): string {
  const names = parts.map(({ block, peers }) => {
    const [only] = peers;
    const isWhole = peers.length === 1 && only !== undefined && only.bits === block.bits;
    return `${isWhole ? "" : "the rest of "}${formatCidr(block)}`;
  });
  if (names.length <= MOST_BLOCKS + 1) return names.join(", ");
  return `${names.slice(0, MOST_BLOCKS).join(", ")} and ${names.length - MOST_BLOCKS} other blocks`;
}

function scopeOf({ nic, protocol, parts }: Row): WayScope {
  const peers = parts.flatMap((part) => part.peers.map(formatCidr));
  return { kind: "flow", interface: nic.id, protocol, peers };
}

/** The first block is in no other row of this interface and protocol. */
function wayOf({ nic, protocol, parts }: Row): string {
  const [first] = parts;
  return `flow ${nic.id} ${protocol} ${first === undefined ? "" : formatCidr(first.block)}`;
}

function nameOf(protocol: FlowProtocol): string {
  return protocol === "other" ? "other IP protocols" : protocol.toUpperCase();
}

function closedOf(row: Row, { ground, from, until, voidWhen, pages }: Closed): ClosedWay {
  const what = `${nameOf(row.protocol)} with ${peersText(row)}`;
  return { way: wayOf(row), scope: scopeOf(row), what, ground, from, until, voidWhen, pages };
}

function survivorOf(row: Row, state: Open, { instanceId }: Described): Survivor {
  const { nic, protocol } = row;
  const { certainty, via, why, dueAt, named, isOpenNow } = state;
  const port = named === null || named.port === null ? "" : ` port ${named.port}`;
  const peers = named === null ? peersText(row) : named.address;
  return {
    code: isOpenNow ? "flow.managed" : named !== null ? "flow.indicated" : "flow.tracked",
    way: wayOf(row),
    scope: scopeOf(row),
    ...(certainty === "due" && dueAt !== null ? { dueAt } : {}),
    what: `${nameOf(protocol)} with ${peers}${port} through ${via}`,
    kind: protocol,
    certainty,
    why,
    ...leverOn(nic, state, { instanceId, protocol }),
  };
}

function leverOn(
  { managedBy, subnetId }: ReachInterface,
  { isAutoTracked }: Open,
  { instanceId, protocol }: { readonly instanceId: string; readonly protocol: FlowProtocol },
): { readonly lever: string; readonly blastRadius: string } {
  if (managedBy !== null)
    return { lever: "contain.stop", blastRadius: `${instanceId}, which loses its memory and its work` };
  const isConvertible = (protocol === "tcp" || protocol === "udp") && !isAutoTracked;
  if (isConvertible)
    return {
      lever: "contain.tracked-connections",
      blastRadius: `${instanceId}, which is open to its network for about 70 s`,
    };
  return {
    lever: "contain.network-acl, or contain.stop",
    blastRadius: `every machine in ${subnetId}, or with contain.stop only ${instanceId}`,
  };
}
