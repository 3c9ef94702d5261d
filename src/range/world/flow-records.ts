import { captureOf, covers, MINUTE_MS } from "./flow-capture.ts";
import type { Capture, CapturedFlow, FlowLog, PlantedFlow } from "./flow-log-model.ts";
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
 * There are none until what the log looks at saw traffic, or since its `recordsFrom`; from then on each interval has records, NODATA where an interface
 * saw none.
 * https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-limitations.html
 */
export function deliveredRecords(place: Place, log: FlowLog, span: RecordSpan): readonly FlowRecord[] {
  if (log.deliverError !== null) return [];
  const first = firstRecordAt(place, log);
  if (first === Number.POSITIVE_INFINITY) return [];
  return coveredBy(place, log)
    .flatMap((network) => recordsOfInterface(place, log, network, { ...span, first }))
    .filter(({ startedAt, deliveredAt }) => {
      return deliveredAt <= place.world.now() && startedAt >= span.from && startedAt < span.to;
    });
}

/** The minute with which the records of a log begin; infinite while there are none. */
export function firstRecordAt(place: Place, log: FlowLog): number {
  if (log.recordsFrom !== null) return log.recordsFrom;
  let first = Number.POSITIVE_INFINITY;
  for (const { id } of coveredBy(place, log))
    for (const minute of captureOf(place.region, id).minutes.keys())
      if (minute + MINUTE_MS > log.createdAt) first = Math.min(first, minute);
  return first;
}

function coveredBy({ region }: Place, { resourceId }: FlowLog): readonly NetworkInterface[] {
  return [...region.interfaces.values()].filter((network) => covers(resourceId, network));
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
  const planted = place.region.plantedFlows.filter(({ interfaceId }) => interfaceId === network.id);
  const records: FlowRecord[] = [];
  for (let window = begin; window < end; window += sizeMs) {
    const deliveredAt = window + sizeMs + delayMs(log, network.id, window);
    for (const { line, startedAt } of linesOf({ place, log, network, seen, planted }, window, sizeMs))
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
  readonly planted: readonly PlantedFlow[];
}

function linesOf(
  subject: Subject,
  window: number,
  sizeMs: number,
): readonly { readonly line: string; readonly startedAt: number }[] {
  const { log, seen, planted } = subject;
  const minutes = Array.from({ length: sizeMs / MINUTE_MS }, (_, index) => window + index * MINUTE_MS);
  if (minutes.some((minute) => seen.lostMinutes.has(minute))) return [];
  const between = { start: window / 1000, end: (window + sizeMs) / 1000 };
  if (minutes.some((minute) => seen.skippedMinutes.has(minute)))
    return [{ line: lineOf(subject, null, { ...between, status: "SKIPDATA" }), startedAt: window }];
  const flows = [
    ...merged(minutes.flatMap((minute) => [...(seen.minutes.get(minute)?.entries() ?? [])])),
    ...planted.flatMap((each) => plantedIn(each, window, window + sizeMs)),
  ];
  if (flows.length === 0) return [{ line: lineOf(subject, null, { ...between, status: "NODATA" }), startedAt: window }];
  return flows
    .filter(({ action }) => log.trafficType === "ALL" || log.trafficType === action)
    .map((flow) => {
      const [start, end] = [Math.floor(flow.firstAt / 1000), Math.floor(flow.lastAt / 1000)];
      return { line: lineOf(subject, flow, { start, end, status: "OK" }), startedAt: start * 1000 };
    });
}

/** The packets of a planted flow from one time up to another, as one flow. */
function plantedIn({ from, to, everyMs, flow }: PlantedFlow, begin: number, end: number): readonly CapturedFlow[] {
  const firstAt = from + Math.max(0, Math.ceil((begin - from) / everyMs)) * everyMs;
  const last = Math.min(end - 1, to);
  if (firstAt > last) return [];
  const packets = Math.floor((last - firstAt) / everyMs) + 1;
  return [{ ...flow, packets, bytes: packets * 84, tcpFlags: 0, firstAt, lastAt: firstAt + (packets - 1) * everyMs }];
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
