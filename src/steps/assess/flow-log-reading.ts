import type { FlowLog } from "../../aws/flow-logs.ts";
import { type LogEvent, type LogPart, type LogSearch, type LogSpan, searchLog } from "../../aws/log-events.ts";
import type { NetworkInterface } from "../../aws/network-interfaces.ts";
import type { Sender } from "../../aws/sender.ts";
import type { Cuts } from "./flow-log-cuts.ts";
import { LAG_MS } from "./flow-log-verdict.ts";

/** Records that are read of the time after the cut: more than a machine makes that was just cut off. */
const MOST_RECORDS = 20_000;

/** Records that are read of the time before it. Whoever scans before the cut fills this, and nothing else. */
const MOST_BEFORE = 5_000;

/** What was read of one log. */
export interface LogRecords {
  /** Oldest first. */
  readonly events: readonly LogEvent[];
  /** What of the time was not read, or not whole, in words. */
  readonly unread: readonly string[];
  /** Of records that begin later, nothing is known; null where there is no such time. In milliseconds since 1970. */
  readonly readUntil: number | null;
  /** Whether a record may be missing that began before the cut and reaches beyond it. */
  readonly isCutBefore: boolean;
}

export interface Reading {
  readonly log: FlowLog;
  readonly search: LogSearch<LogRecords>;
}

/** Whether a log records what an interface sends and gets. */
export function isCovered({ id, subnetId, vpcId }: NetworkInterface, { resourceId }: FlowLog): boolean {
  return resourceId === id || resourceId === subnetId || resourceId === vpcId;
}

/**
 * Reads one log around the cut.
 *
 * What begins after the cut has a bound of its own, so that nothing from before can take its place. What began before is read
 * beside it, the newest first: a record adds up an interval, and may end after the cut that it began before.
 */
export async function readLog(
  logs: Sender,
  log: FlowLog,
  { interfaces, cuts }: { readonly interfaces: readonly NetworkInterface[]; readonly cuts: readonly Cuts[] },
): Promise<Reading> {
  if (cuts.length === 0)
    return { log, search: { kind: "read", found: { events: [], unread: [], readUntil: null, isCutBefore: false } } };
  const cut = Math.min(...cuts.map(({ sealedAt }) => sealedAt));
  const streams = {
    group: log.logGroup ?? "",
    prefixes: interfaces.filter((nic) => isCovered(nic, log)).map(({ id }) => `${id}-`),
  };
  const search = await searchLog(logs, streams, async (searchSpan) => {
    const from = cut - log.maxAggregationSeconds * 1000 - LAG_MS;
    const [before, after] = await Promise.all([
      searchSpan({ from, to: cut - 1, mostEvents: MOST_BEFORE, keeps: "newest" }),
      searchSpan({ from: cut, mostEvents: MOST_RECORDS, keeps: "oldest" }),
    ]);
    return recordsOf({ log, cut, from, before, after, rest: await restOf(searchSpan, log, { after, cut }) });
  });
  return { log, search };
}

/** Rejected packets are what there are most of after a cut, and no survivor: where there are too many, the rest is read without. */
async function restOf(
  search: (span: LogSpan) => Promise<LogPart>,
  log: FlowLog,
  { after, cut }: { readonly after: LogPart; readonly cut: number },
): Promise<LogPart | null> {
  const pattern = patternWithoutRejected(log);
  if (!after.isCut || pattern === null) return null;
  return search({ from: after.events.at(-1)?.timestamp ?? cut, mostEvents: MOST_RECORDS, keeps: "oldest", pattern });
}

/** Null where the records do not say what was rejected, or have none that were. */
function patternWithoutRejected({ fields, trafficType }: FlowLog): string | null {
  if (trafficType !== "ALL" || !fields.includes("action")) return null;
  return `[${fields.map((field, index) => (field === "action" ? 'action != "REJECT"' : `f${index}`)).join(", ")}]`;
}

interface Parts {
  readonly log: FlowLog;
  readonly cut: number;
  readonly from: number;
  readonly before: LogPart;
  readonly after: LogPart;
  readonly rest: LogPart | null;
}

function recordsOf({ log, cut, from, before, after, rest }: Parts): LogRecords {
  const known = new Set(after.events.map(keyOf));
  const more = (rest?.events ?? []).filter((event) => !known.has(keyOf(event)));
  const firstRead = before.events.at(0)?.timestamp ?? cut;
  const firstEnd = after.events.at(-1)?.timestamp ?? cut;
  const lastEnd = rest?.events.at(-1)?.timestamp ?? firstEnd;
  const isBlind = after.isCut && (rest === null || rest.isCut);
  return {
    events: [...before.events, ...after.events, ...more],
    unread: [
      ...(before.isCut
        ? [
            `of ${log.id} only the last ${MOST_BEFORE} records before the cut were read, none of ${span(from, firstRead)}`,
          ]
        : []),
      ...(after.isCut && rest !== null
        ? [
            `of ${log.id} more than ${MOST_RECORDS} records follow the cut: from ${clock(firstEnd)} on none of rejected packets was read`,
          ]
        : []),
      ...(isBlind
        ? [`of ${log.id} nothing was read that began after ${clock(lastEnd)}: there are too many records`]
        : []),
    ],
    readUntil: isBlind ? lastEnd : null,
    isCutBefore: before.isCut,
  };
}

function keyOf({ stream, timestamp, message }: LogEvent): string {
  return `${stream} ${timestamp} ${message}`;
}

function span(from: number, to: number): string {
  return `${clock(from)} to ${clock(to)}`;
}

function clock(time: number): string {
  return `${new Date(time).toISOString().slice(11, 19)}Z`;
}
