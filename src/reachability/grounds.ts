/** Judges what a block of peers may still exchange with an interface: a ground that closes it, or why it is not closed. */
import type { Cidr } from "./cidr.ts";
import { parseCidr } from "./cidr.ts";
import type { Described, FlowProtocol, GroupRule, Indication, ReachInterface } from "./described.ts";
import type { Ground } from "../core/ledger.ts";
import type { Certainty } from "../core/containment.ts";
import { allPorts, coversPorts, portsOf, protocolsOf } from "./matching.ts";
import { peersAllowed } from "./network-acl.ts";
import type { Path } from "./paths.ts";
import { holds, isPrivate, pathsTo } from "./paths.ts";
import { isIn } from "./peer-space.ts";

export interface Closed {
  readonly kind: "closed";
  readonly ground: Ground;
  readonly from: number | null;
  readonly until: number;
  readonly voidWhen: string;
  readonly pages: readonly string[];
}

export interface Open {
  readonly kind: "open";
  readonly certainty: Certainty;
  readonly dueAt: number | null;
  readonly via: string;
  readonly isAutoTracked: boolean;
  readonly why: string;
  /** What names the peer, if a finding does. */
  readonly named: { readonly port: number | null; readonly address: string } | null;
  /** Whether the interface lets new flows in or out, as nobody in the account could seal it. */
  readonly isOpenNow: boolean;
}

export type Judgement = Closed | Open;

interface Question {
  readonly nic: ReachInterface;
  readonly described: Described;
  readonly protocol: FlowProtocol;
  readonly peers: Cidr;
}

/** The judgement on flows of one protocol with peers that nothing known of the network tells apart. */
export function judge(question: Question): Judgement {
  const { nic, described, peers, protocol } = question;
  const asOf = described.asOf ?? 0;
  const paths = pathsTo(peers, nic);
  if (nic.isStopped === true) return closed("stopped", asOf, "the instance starts");
  if (paths.length === 0)
    return closed("no-path", asOf, "a route, gateway, peering connection, attachment or address is added");
  if (isDenied(nic, paths, { protocol, peers }))
    return closed("acl-denies", asOf, "an entry or association of the network ACL changes, even briefly");
  const openNow = nic.managedBy !== null && nic.rulesNow.some((rule) => allows(rule, question, paths));
  const grounds = openNow ? [] : [...byHistory(question, paths), ...bySilence(question)];
  const sure = grounds.find(({ dueAt }) => dueAt === null);
  if (sure !== undefined) return sure.closes;
  const due = grounds.map(({ dueAt }) => dueAt ?? 0);
  return open(question, paths, { openNow, dueAt: due.length === 0 ? null : Math.min(...due) });
}

function closed(ground: Ground, until: number, voidWhen: string): Closed {
  return { kind: "closed", ground, from: null, until, voidWhen, pages: [] };
}

/** Denied both ways on every path: what one direction lets through is enough to command, or to send data out. */
function isDenied(
  nic: ReachInterface,
  paths: readonly Path[],
  { protocol, peers }: { readonly protocol: FlowProtocol; readonly peers: Cidr },
): boolean {
  if (!paths.every(({ passesAcl }) => passesAcl)) return false;
  return (["egress", "ingress"] as const).every(
    (direction) => peersAllowed(nic.aclEntries, { direction, protocol, peers, ports: allPorts }).length === 0,
  );
}

interface Ahead {
  readonly closes: Closed;
  readonly dueAt: number | null;
}

/** What the rules of the whole time close, or will close as soon as they are known. */
function byHistory(question: Question, paths: readonly Path[]): readonly Ahead[] {
  const { history } = question.nic;
  // What is missing for good is never made up for.
  if (history === undefined || history === null || (history.gaps.length > 0 && history.dueAt === null)) return [];
  const { from, until, pages, dueAt, ever, always } = history;
  const holdsFor = { kind: "closed" as const, from, until, pages };
  const voidWhen = "a change of the interface's groups or of their rules shows that the history did not have";
  const found: Ahead[] = [];
  if (ever === null ? dueAt !== null : !ever.some((rule) => allows(rule, question, paths)))
    found.push({ closes: { ...holdsFor, ground: "never-allowed", voidWhen }, dueAt });
  const narrower = ever?.filter(
    (rule) => allows(rule, question, paths) && !isForEverything(rule, question.peers.family),
  );
  // A flow that a rule for fewer peers or ports allows may be tracked: AWS's documents do not say which of two rules decides.
  if (isUntracked(always, question) && narrower?.length === 0 && paths.every(({ isAutoTracked }) => !isAutoTracked))
    found.push({ closes: { ...holdsFor, ground: "untracked", voidWhen }, dueAt });
  return found;
}

/** The lengths of ICMP's timers are not documented: silence does not close it. */
function bySilence({ nic, described, protocol, peers }: Question): readonly Ahead[] {
  const silence = protocol === "icmp" ? null : (described.silentPeers?.(nic.id, protocol) ?? null);
  if (silence === null || !isIn(peers, silence.peers)) return [];
  const { from, until, pages, dueAt } = silence;
  const voidWhen = "a record is missing, or the flow log, its destination or its delivery role changes";
  return [{ closes: { kind: "closed", ground: "silence", from, until, voidWhen, pages }, dueAt }];
}

/** Whether a rule lets any packet of this kind pass. Members of a group are never beyond a gateway to the internet. */
function allows(rule: GroupRule, { protocol, peers }: Question, paths: readonly Path[]): boolean {
  if (!protocolsOf(rule.protocol).includes(protocol)) return false;
  if (rule.peer.startsWith("sg-")) return paths.some(({ via }) => !/^(igw|eigw|nat)-/.test(via));
  return parseCidr(rule.peer) === null || isIn(peers, [rule.peer]);
}

/**
 * AWS tracks all flows but TCP and UDP that rules open to everybody allow, for all ports and both ways.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html#untracked-connections
 */
function isUntracked(rules: readonly GroupRule[], { protocol, peers }: Question): boolean {
  if (protocol !== "tcp" && protocol !== "udp") return false;
  return (["egress", "ingress"] as const).every((direction) =>
    rules.some(
      (rule) =>
        rule.direction === direction &&
        isForEverything(rule, peers.family) &&
        protocolsOf(rule.protocol).includes(protocol),
    ),
  );
}

/** Whether a rule allows its protocol with every peer and all ports. */
function isForEverything(rule: GroupRule, family: 4 | 6): boolean {
  return rule.peer === (family === 4 ? "0.0.0.0/0" : "::/0") && coversPorts(portsOf(rule), allPorts);
}

function open(
  question: Question,
  paths: readonly Path[],
  { openNow, dueAt }: { readonly openNow: boolean; readonly dueAt: number | null },
): Open {
  const { nic, described, protocol, peers } = question;
  const named = indicationOf(described.indications, question);
  const vias = [...new Set(paths.map(({ via }) => via))];
  const shared = {
    kind: "open" as const,
    via: vias.slice(0, 3).join(", ") + (vias.length > 3 ? ` and ${vias.length - 3} other ways` : ""),
    isAutoTracked: paths.some(({ isAutoTracked }) => isAutoTracked),
    isOpenNow: openNow,
    named: named && { address: named.address, port: named.port },
  };
  if (named !== null) {
    const why = `finding ${named.findingId} names it, and nothing proves the flow on ${nic.id} gone`;
    return { ...shared, certainty: "indicated", dueAt: null, why };
  }
  if (openNow) {
    const why = `${nic.id} is managed by ${nic.managedBy}: nobody else may seal it, and its rules let it pass now`;
    return { ...shared, certainty: "indicated", dueAt: null, why };
  }
  const why = `what the groups of ${nic.id} allowed during the whole time ${reasonOf(nic)}`;
  if (dueAt !== null) return { ...shared, certainty: "due", dueAt, why };
  const isBeside = protocol === "icmp" && isPrivate(peers);
  return { ...shared, certainty: isBeside ? "unfiltered" : "possible", dueAt: null, why };
}

function reasonOf({ history, unknownBefore }: ReachInterface): string {
  if (history === undefined || history === null)
    return `is not known: ${unknownBefore ?? "nobody read the history of its rules"}`;
  if (history.gaps.length > 0)
    return `is not known: ${[...(unknownBefore === null ? [] : [unknownBefore]), ...history.gaps].slice(0, 3).join("; ")}`;
  return "does not exclude it, and AWS goes on tracking flows after a change of groups";
}

function indicationOf(indications: readonly Indication[], { protocol, peers }: Question) {
  for (const { findingId, remotes } of indications)
    for (const { address, port, protocol: named } of remotes) {
      const kinds = named === null ? (["tcp", "udp"] as const) : protocolsOf(named.toLowerCase());
      if (kinds.some((kind) => kind === protocol) && isIn(peers, [address]) && holds(peers, address))
        return { findingId, address, port };
    }
  return null;
}
