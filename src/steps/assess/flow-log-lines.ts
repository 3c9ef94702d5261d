import type { FlowLog } from "../../aws/flow-logs.ts";
import { parseCidr } from "../../reachability/cidr.ts";

/** What one record of a flow log says. Times are milliseconds since 1970. */
export type FlowLine =
  | { readonly kind: "flow"; readonly start: number; readonly end: number; readonly flow: SeenFlow }
  /** The interval was looked at, and there was no traffic. */
  | { readonly kind: "nothing"; readonly start: number; readonly end: number }
  /** AWS had no room to look, or does not say whether it did. */
  | { readonly kind: "skipped"; readonly start: number; readonly end: number };

/** Packets between the interface and one peer. */
export interface SeenFlow {
  readonly isAccepted: boolean;
  readonly peer: string;
  /** IANA number. */
  readonly protocol: number;
  /** Null where the record does not say. */
  readonly peerPort: number | null;
  readonly ownPort: number | null;
  readonly bytes: number | null;
}

/** What a custom format must have to say when somebody got through, and who. */
export function missingFields({ fields, trafficType }: FlowLog): readonly string[] {
  const has = (...names: readonly string[]): boolean => names.some((name) => fields.includes(name));
  return [
    ...(has("srcaddr", "pkt-srcaddr") ? [] : ["srcaddr"]),
    ...(has("dstaddr", "pkt-dstaddr") ? [] : ["dstaddr"]),
    ...(has("protocol") ? [] : ["protocol"]),
    ...(has("start") ? [] : ["start"]),
    ...(has("end") ? [] : ["end"]),
    ...(has("action") || trafficType === "ACCEPT" ? [] : ["action"]),
  ];
}

/**
 * Reads a record by the log's format; null for what is none. Whoever may write to the log group may write what he likes: what
 * is no address, number or time is none here either.
 *
 * https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
 */
export function readLine(message: string, { fields, trafficType }: FlowLog, own: ReadonlySet<string>): FlowLine | null {
  const values = message.trim().split(/\s+/);
  if (values.length !== fields.length) return null;
  const given = new Map(fields.map((field, at) => [field, values[at] ?? "-"]));
  const text = (...names: readonly string[]): string | null =>
    names.map((name) => given.get(name)).find((value) => value !== undefined && value !== "-") ?? null;
  const [start, end] = [secondsOf(text("start")), secondsOf(text("end"))];
  if (start === null || end === null || end < start) return null;
  const status = text("log-status");
  if (status === "NODATA") return { kind: "nothing", start, end };
  const [source, destination] = [text("pkt-srcaddr", "srcaddr"), text("pkt-dstaddr", "dstaddr")];
  const protocol = numberOf(text("protocol"));
  if (status === "SKIPDATA" || (source === null && status === null)) return { kind: "skipped", start, end };
  if (source === null || destination === null || protocol === null) return null;
  if (!isAddress(source) || !isAddress(destination)) return null;
  const isOut = own.has(source) || (!own.has(destination) && text("flow-direction") === "egress");
  const ports = [numberOf(text("srcport")), numberOf(text("dstport"))] as const;
  const flow: SeenFlow = {
    isAccepted: (text("action") ?? trafficType) === "ACCEPT",
    peer: isOut ? destination : source,
    protocol,
    peerPort: ports[isOut ? 1 : 0],
    ownPort: ports[isOut ? 0 : 1],
    bytes: numberOf(text("bytes")),
  };
  return { kind: "flow", start, end, flow };
}

function isAddress(text: string): boolean {
  return !text.includes("/") && parseCidr(text) !== null;
}

function numberOf(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** Records count in seconds. */
function secondsOf(text: string | null): number | null {
  const seconds = numberOf(text);
  return seconds === null || seconds > 253_402_300_799 ? null : seconds * 1000;
}

/** How far records reach without a gap. */
export interface Coverage {
  /** Up to when, in milliseconds since 1970; null where nothing covers the beginning. */
  readonly until: number | null;
  /** Whether it ends where AWS skipped records. */
  readonly isSkipped: boolean;
}

const MINUTE_MS = 60_000;

/**
 * Up to when the records say what happened, from a time on. Silence is no proof: only intervals with records count, NODATA
 * among them, and they end at the first that is missing or was skipped, because records arrive in any order.
 *
 * A record of packets lies anywhere in its interval, so that two neighbours may be almost two intervals apart, and one that is
 * missing between them is not seen. An interval without traffic begins where the one before ended, but for seconds.
 */
export function coverage(lines: readonly FlowLine[], from: number, log: FlowLog): Coverage {
  const slackMs = intervalMs(lines, log);
  const slackOf = ({ kind }: Pick<FlowLine, "kind">): number => (kind === "flow" ? slackMs : 0);
  const gap = Math.min(...lines.filter(({ kind, end }) => kind === "skipped" && end > from).map(({ start }) => start));
  let last: Pick<FlowLine, "kind" | "end"> = { kind: "flow", end: from };
  let isSkipped = false;
  for (const line of lines.toSorted((one, other) => one.start - other.start)) {
    if (line.start > last.end + slackOf(last) + slackOf(line) + SECONDS_BETWEEN_MS) break;
    isSkipped = line.start >= gap;
    if (isSkipped) break;
    if (line.end > last.end) last = line;
  }
  return { until: last.end > from ? Math.min(last.end, gap) : null, isSkipped };
}

/** Between two intervals of AWS's examples lie two seconds. */
const SECONDS_BETWEEN_MS = 5000;

/**
 * A log may aggregate over ten minutes, and on Nitro it is always one at most (same page). The records tell which: an interval
 * without traffic has its whole length.
 */
function intervalMs(lines: readonly FlowLine[], { maxAggregationSeconds }: FlowLog): number {
  const whole = lines.filter(({ kind }) => kind === "nothing").map(({ start, end }) => end - start);
  const longest = Math.max(MINUTE_MS, ...whole, ...lines.map(({ start, end }) => end - start));
  return Math.min(longest, maxAggregationSeconds * 1000);
}
