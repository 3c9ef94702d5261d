import type { FlowLog } from "../../aws/flow-logs.ts";
import type { Check, Survivor } from "../../core/containment.ts";
import type { Cuts } from "./flow-log-cuts.ts";
import { coverage, type FlowLine, type SeenFlow } from "./flow-log-lines.ts";

/** An interface, with what its flow logs delivered since shortly before the cut. */
export interface LoggedInterface {
  readonly id: string;
  readonly subnetId: string;
  readonly instanceId: string;
  readonly cuts: Cuts | null;
  /** Logs that show accepted packets, with their records of this interface. */
  readonly logs: readonly {
    readonly log: FlowLog;
    readonly lines: readonly FlowLine[];
    /** Where reading had to stop, in milliseconds since 1970; null or left out where it came to its end. */
    readonly readUntil?: number | null;
    /** Whether records may be missing that began before the cut and end after it. */
    readonly isCutBefore?: boolean;
  }[];
  /** What is wrong with those that show none, or not all, in words. */
  readonly faults: readonly string[];
}

/** AWS takes a packet down up to a minute after it passed: https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html */
export const LAG_MS = 60_000;

/** So many survivors are named; the rest are counted. */
const MOST_NAMED = 20;

/**
 * What the flow logs of one interface prove.
 *
 * A packet that was accepted more than a minute after the last cut that reaches its peer got through for certain. Silence
 * proves nothing beyond the records that were delivered, and nothing of a flow that is alive and has nothing to say: it is
 * told, and takes no survivor away.
 */
export function verdictOn(nic: LoggedInterface): { readonly check: Check; readonly survivors: readonly Survivor[] } {
  const { cuts, logs } = nic;
  if (logs.length === 0) return { check: unlogged(nic), survivors: [] };
  if (cuts === null)
    return { check: checkOf(nic, { ok: false, since: null, said: ["this case did not seal it"] }), survivors: [] };
  const reach = reachOf(nic, cuts);
  const accepted = logs.flatMap(({ log, lines }) => acceptedIn(log, lines));
  const alive = peersOf(accepted.filter(({ flow, end }) => end - LAG_MS > decidingCut(flow.peer, cuts, reach.until)));
  const isCovered = reach.until !== null && reach.until > cuts.sealedAt + LAG_MS;
  const ok = alive.length === 0 && isCovered && !logs.some(({ isCutBefore }) => isCutBefore);
  const said = [lastOf(accepted), reachText(reach), ...nic.faults];
  return { check: checkOf(nic, { ok, since: cuts.sealedAt, said }), survivors: survivorsOf(nic, alive) };
}

/**
 * A cut that the records do not reach yet has proved nothing: until then what outlived the seal counts.
 */
function decidingCut(peer: string, cuts: Cuts, until: number | null): number {
  const last = cuts.lastFor(peer);
  return until !== null && until > last + LAG_MS ? last : cuts.sealedAt;
}

interface Reach {
  readonly until: number | null;
  readonly isSkipped: boolean;
}

/** How far the log reaches that reaches farthest. */
function reachOf({ logs }: LoggedInterface, { sealedAt }: Cuts): Reach {
  const all = logs.map(({ log, lines, readUntil = null }) => {
    const reach = coverage(lines, sealedAt, log);
    if (readUntil === null || reach.until === null || reach.until <= readUntil) return reach;
    return { ...reach, until: readUntil > sealedAt ? readUntil : null };
  });
  return all.reduce((best, each) => ((each.until ?? 0) > (best.until ?? 0) ? each : best), {
    until: null,
    isSkipped: all.some(({ isSkipped }) => isSkipped),
  });
}

interface Accepted {
  readonly log: string;
  readonly flow: SeenFlow;
  readonly end: number;
}

function acceptedIn({ id }: FlowLog, lines: readonly FlowLine[]): readonly Accepted[] {
  return lines.flatMap((line) =>
    line.kind === "flow" && line.flow.isAccepted ? [{ log: id, flow: line.flow, end: line.end }] : [],
  );
}

/** One for each peer, protocol and service, with its last packet. */
function peersOf(accepted: readonly Accepted[]): readonly Accepted[] {
  const peers = new Map<string, Accepted>();
  for (const each of accepted) {
    const known = peers.get(nameOf(each.flow));
    if (!known || known.end < each.end) peers.set(nameOf(each.flow), each);
  }
  return [...peers.values()].toSorted((one, other) => (nameOf(one.flow) < nameOf(other.flow) ? -1 : 1));
}

function survivorsOf(nic: LoggedInterface, alive: readonly Accepted[]): readonly Survivor[] {
  const { id, subnetId, instanceId } = nic;
  const lever = {
    lever: "contain.network-acl, or contain.stop",
    blastRadius: `every machine in ${subnetId}; with contain.stop only ${instanceId}`,
  };
  const named = alive.slice(0, MOST_NAMED).map(({ log, flow, end }): Survivor => ({
    code: "flow.seen",
    what: `${nameOf(flow)} on ${id}`,
    kind: kindOf(flow),
    certainty: "indicated",
    why: `flow log ${log} shows packets that were accepted after the cut, the last at ${clock(end)}`,
    ...lever,
  }));
  const rest = alive.slice(MOST_NAMED);
  if (rest.length === 0) return named;
  const more: Survivor = {
    code: "flow.seen",
    what: `${rest.length} more peers on ${id}`,
    kind: rest.some(({ flow }) => kindOf(flow) === "tcp") ? "tcp" : "other",
    certainty: "indicated",
    why: "its flow logs show packets with them that were accepted after the cut: the assessment's document names them all",
    ...lever,
  };
  return [...named, more];
}

/** The side with the lower port listens. */
function nameOf(flow: SeenFlow): string {
  const { peer, peerPort, ownPort } = flow;
  const kind = kindOf(flow);
  const name = kind === "other" ? `IP protocol ${flow.protocol}` : kind.toUpperCase();
  if (kind !== "tcp" && kind !== "udp") return `${name} with ${peer}`;
  if (ownPort !== null && (peerPort === null || ownPort < peerPort)) return `${name} from ${peer} to port ${ownPort}`;
  return `${name} with ${peer}${peerPort === null ? "" : ` port ${peerPort}`}`;
}

function kindOf({ protocol }: SeenFlow): "tcp" | "udp" | "icmp" | "other" {
  if (protocol === 6) return "tcp";
  if (protocol === 17) return "udp";
  return protocol === 1 || protocol === 58 ? "icmp" : "other";
}

function lastOf(accepted: readonly Accepted[]): string {
  const last = accepted.toSorted((one, other) => one.end - other.end).at(-1);
  if (!last) return "no packet was accepted";
  const { flow, end } = last;
  const bytes = flow.bytes === null ? "" : `, ${flow.bytes} bytes`;
  return `the last packet was accepted at ${clock(end)} (${nameOf(flow)}${bytes})`;
}

function reachText({ until, isSkipped }: Reach): string {
  const skipped = isSkipped ? "; then AWS skipped records" : "";
  return until === null ? `no records of the time after the cut${skipped}` : `records reach ${clock(until)}${skipped}`;
}

function unlogged({ id, faults }: LoggedInterface): Check {
  return {
    kind: "record",
    code: "record.no-flow-log",
    what: `${id} has a flow log that shows accepted packets`,
    ok: false,
    expected: "a flow log that can be read",
    observed: faults.length === 0 ? "none" : faults.join("; "),
  };
}

function checkOf(
  { id }: LoggedInterface,
  { ok, since, said }: { readonly ok: boolean; readonly since: number | null; readonly said: readonly string[] },
): Check {
  return {
    kind: "record",
    code: "record.flow-log",
    what: `flow logs show nothing accepted on ${id} after the cut`,
    ok,
    expected: `records, and no packet accepted after ${since === null ? "the cut" : clock(since)}`,
    observed: said.join("; "),
  };
}

function clock(time: number): string {
  return `${new Date(time).toISOString().slice(11, 19)}Z`;
}
