import { captureOf, covers, MINUTE_MS } from "./flow-capture.ts";
import type { Capture, CapturedFlow, FlowLog } from "./flow-log-model.ts";
import { instanceTypeOf } from "./instance-types.ts";
import type { NetworkInterface } from "./model.ts";
import type { Place } from "./world.ts";

/** One record as it was delivered. */
export interface FlowRecord {
  readonly interfaceId: string;
  readonly line: string;
  /** The record's `start`, in milliseconds since 1970. */
  readonly startedAt: number;
  readonly deliveredAt: number;
}

/** Beginnings of records, in milliseconds since 1970: from the first of them, up to but not including the second. */
export interface RecordSpan {
  readonly from: number;
  readonly to: number;
}

/**
 * The records of a flow log that have been delivered by now. Nothing is kept: they follow from what interfaces saw.
 *
 * There are none until what the log looks at saw traffic; from then on each interval has records, NODATA where an interface
 * saw none.
 * https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-limitations.html
 */
export function deliveredRecords(place: Place, log: FlowLog, span: RecordSpan): readonly FlowRecord[] {
  if (log.deliverError !== null) return [];
  const interfaces = [...place.region.interfaces.values()].filter((network) => covers(log.resourceId, network));
  const minutes = interfaces.flatMap(({ id }) => [...captureOf(place.region, id).minutes.keys()]);
  const first = Math.min(...minutes.filter((minute) => minute + MINUTE_MS > log.createdAt));
  if (first === Number.POSITIVE_INFINITY) return [];
  return interfaces
    .flatMap((network) => recordsOfInterface(place, log, network, { ...span, first }))
    .filter(({ startedAt, deliveredAt }) => {
      return deliveredAt <= place.world.now() && startedAt >= span.from && startedAt < span.to;
    });
}

function recordsOfInterface(
  place: Place,
  log: FlowLog,
  network: NetworkInterface,
  { from, to, first }: RecordSpan & { readonly first: number },
): readonly FlowRecord[] {
  const seen = captureOf(place.region, network.id);
  const sizeMs = intervalMs(place, log, network);
  const attachedAt = network.attachment?.attachTime ?? 0;
  const begin = Math.floor(Math.max(attachedAt, first, from - sizeMs) / sizeMs) * sizeMs;
  const end = Math.min(to, place.world.now());
  const records: FlowRecord[] = [];
  for (let window = begin; window < end; window += sizeMs) {
    const deliveredAt = window + sizeMs + delayMs(log, network.id, window);
    for (const { line, startedAt } of linesOf({ place, log, network, seen }, window, sizeMs))
      records.push({ interfaceId: network.id, line, startedAt, deliveredAt });
  }
  return records;
}

/** On Nitro it is a minute, whatever was asked for: https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html */
function intervalMs({ region }: Place, { maxAggregationSeconds }: FlowLog, { attachment }: NetworkInterface): number {
  const instance = region.instances.get(attachment?.instanceId ?? "");
  return instance && instanceTypeOf(instance.instanceType)?.isNitro ? MINUTE_MS : maxAggregationSeconds * 1000;
}

/** About 5 minutes to CloudWatch Logs and about 10 to S3 (same page): a minute more or less, the same each time it is asked. */
function delayMs({ destination }: FlowLog, interfaceId: string, window: number): number {
  const typicalMs = destination.kind === "s3" ? 600_000 : 300_000;
  let mixed = window / MINUTE_MS;
  for (const character of interfaceId) mixed = Math.imul(mixed ^ (character.codePointAt(0) ?? 0), 16_777_619) >>> 0;
  return typicalMs - MINUTE_MS + (mixed % (2 * MINUTE_MS));
}

interface Subject {
  readonly place: Place;
  readonly log: FlowLog;
  readonly network: NetworkInterface;
  readonly seen: Capture;
}

function linesOf(
  subject: Subject,
  window: number,
  sizeMs: number,
): readonly { readonly line: string; readonly startedAt: number }[] {
  const { log, seen } = subject;
  const minutes = Array.from({ length: sizeMs / MINUTE_MS }, (_, index) => window + index * MINUTE_MS);
  const between = { start: window / 1000, end: (window + sizeMs) / 1000 };
  if (minutes.some((minute) => seen.skippedMinutes.has(minute)))
    return [{ line: lineOf(subject, null, { ...between, status: "SKIPDATA" }), startedAt: window }];
  const flows = merged(minutes.flatMap((minute) => [...(seen.minutes.get(minute)?.entries() ?? [])]));
  if (flows.length === 0) return [{ line: lineOf(subject, null, { ...between, status: "NODATA" }), startedAt: window }];
  return flows
    .filter(({ action }) => log.trafficType === "ALL" || log.trafficType === action)
    .map((flow) => {
      const [start, end] = [Math.floor(flow.firstAt / 1000), Math.floor(flow.lastAt / 1000)];
      return { line: lineOf(subject, flow, { start, end, status: "OK" }), startedAt: start * 1000 };
    });
}

function merged(entries: readonly (readonly [string, CapturedFlow])[]): readonly CapturedFlow[] {
  const flows = new Map<string, CapturedFlow>();
  for (const [key, flow] of entries) {
    const known = flows.get(key);
    flows.set(
      key,
      known
        ? {
            ...known,
            packets: known.packets + flow.packets,
            bytes: known.bytes + flow.bytes,
            tcpFlags: known.tcpFlags | flow.tcpFlags,
            lastAt: flow.lastAt,
          }
        : flow,
    );
  }
  return [...flows.values()];
}

interface Frame {
  /** Seconds since 1970. */
  readonly start: number;
  readonly end: number;
  readonly status: "OK" | "NODATA" | "SKIPDATA";
}

function lineOf(subject: Subject, flow: CapturedFlow | null, frame: Frame): string {
  const fields = [...subject.log.format.matchAll(/\$\{([a-z-]+)\}/g)].map(([, field = ""]) => field);
  const values = { ...ofInterface(subject), ...(flow === null ? {} : ofFlow(flow)), ...ofFrame(frame) };
  const version = Math.max(2, ...fields.map((field) => VERSIONS[field] ?? 2));
  return fields
    .map((field) => (field === "version" ? version : (values as Readonly<Record<string, unknown>>)[field]))
    .map((value) => (value === undefined || value === null ? "-" : String(value as string | number)))
    .join(" ");
}

/** A record's version is the highest of its fields' (same page). Fields that are not here are of version 2. */
const VERSIONS: Readonly<Record<string, number>> = {
  "vpc-id": 3,
  "subnet-id": 3,
  "instance-id": 3,
  "tcp-flags": 3,
  type: 3,
  "pkt-srcaddr": 3,
  "pkt-dstaddr": 3,
  region: 4,
  "az-id": 4,
  "flow-direction": 5,
  "traffic-path": 5,
};

function ofInterface({ place, network }: Subject): object {
  const instance = place.region.instances.get(network.attachment?.instanceId ?? "");
  return {
    "account-id": place.account.id,
    "interface-id": network.id,
    "vpc-id": network.vpcId,
    "subnet-id": network.subnetId,
    "instance-id": instance?.id,
    region: place.region.name,
  };
}

function ofFlow(flow: CapturedFlow): object {
  return {
    srcaddr: flow.source,
    dstaddr: flow.destination,
    "pkt-srcaddr": flow.packetSource,
    "pkt-dstaddr": flow.packetDestination,
    srcport: flow.sourcePort,
    dstport: flow.destinationPort,
    protocol: flow.protocol,
    packets: flow.packets,
    bytes: flow.bytes,
    action: flow.action,
    "tcp-flags": flow.tcpFlags,
    type: flow.source.includes(":") ? "IPv6" : "IPv4",
    "flow-direction": flow.direction,
  };
}

function ofFrame({ start, end, status }: Frame): object {
  return { start, end, "log-status": status };
}
