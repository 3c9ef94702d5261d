import type { FlowLog, FlowLogDestination, LogGroup, PlantedFlow } from "./flow-log-model.ts";
import type { Place } from "./world.ts";

/** The fields of version 2, in the order of AWS's default: https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html */
export const DEFAULT_FLOW_LOG_FORMAT = [
  "version",
  "account-id",
  "interface-id",
  "srcaddr",
  "dstaddr",
  "srcport",
  "dstport",
  "protocol",
  "packets",
  "bytes",
  "start",
  "end",
  "action",
  "log-status",
]
  .map((field) => `\${${field}}`)
  .join(" ");

/** Makes a log group, or finds the one of this name. */
export function createLogGroup({ world, region }: Place, name: string, createdAt = world.now()): LogGroup {
  const known = region.logGroups.get(name);
  if (known) return known;
  return world.add<LogGroup>(region.logGroups, { id: name, tags: [], createdAt, retentionDays: null });
}

/** Makes a flow log that works from now on. One for CloudWatch Logs makes its log group where it has none, as AWS does. */
export function createFlowLog(
  place: Place,
  options: { readonly resourceId: string; readonly destination: FlowLogDestination } & Partial<
    Pick<FlowLog, "trafficType" | "format" | "maxAggregationSeconds" | "deliverError" | "createdAt" | "recordsFrom">
  >,
): FlowLog {
  const { world, region } = place;
  if (options.destination.kind === "cloud-watch-logs")
    createLogGroup(place, options.destination.logGroupName, options.createdAt);
  return world.add<FlowLog>(region.flowLogs, {
    id: world.newId("fl"),
    tags: [],
    trafficType: "ALL",
    format: DEFAULT_FLOW_LOG_FORMAT,
    maxAggregationSeconds: 600,
    deliverError: null,
    createdAt: world.now(),
    recordsFrom: null,
    ...options,
  });
}

/**
 * Plants a flow of the past: from one time to another an interface saw a packet every so often. The near end is the
 * interface's primary address.
 */
export function plantFlow(
  { region }: Place,
  interfaceId: string,
  options: Pick<PlantedFlow, "from" | "to" | "everyMs"> & {
    readonly direction: "ingress" | "egress";
    readonly peer: string;
    /** IANA number; TCP when left out. */
    readonly protocol?: number;
    readonly nearPort?: number;
    readonly peerPort?: number;
    readonly action?: "ACCEPT" | "REJECT";
  },
): void {
  const near = region.interfaces.get(interfaceId)?.privateIps[0];
  if (near === undefined) throw new TypeError(`no such interface in the range: ${interfaceId}`);
  const { from, to, everyMs, direction, peer, protocol = 6, nearPort = 40_000, peerPort = 443 } = options;
  const isOut = direction === "egress";
  const [source, destination] = isOut ? [near, peer] : [peer, near];
  const [sourcePort, destinationPort] = isOut ? [nearPort, peerPort] : [peerPort, nearPort];
  region.plantedFlows.push({
    interfaceId,
    from,
    to,
    everyMs,
    flow: {
      direction,
      action: options.action ?? "ACCEPT",
      source,
      destination,
      packetSource: source,
      packetDestination: destination,
      sourcePort,
      destinationPort,
      protocol,
    },
  });
}
