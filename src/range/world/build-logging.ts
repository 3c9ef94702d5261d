import type { FlowLog, FlowLogDestination, LogGroup } from "./flow-log-model.ts";
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
export function createLogGroup({ world, region }: Place, name: string): LogGroup {
  const known = region.logGroups.get(name);
  if (known) return known;
  return world.add<LogGroup>(region.logGroups, { id: name, tags: [], createdAt: world.now(), retentionDays: null });
}

/** Makes a flow log that works from now on. One for CloudWatch Logs makes its log group where it has none, as AWS does. */
export function createFlowLog(
  place: Place,
  options: { readonly resourceId: string; readonly destination: FlowLogDestination } & Partial<
    Pick<FlowLog, "trafficType" | "format" | "maxAggregationSeconds" | "deliverError" | "createdAt">
  >,
): FlowLog {
  const { world, region } = place;
  if (options.destination.kind === "cloud-watch-logs") createLogGroup(place, options.destination.logGroupName);
  return world.add<FlowLog>(region.flowLogs, {
    id: world.newId("fl"),
    tags: [],
    trafficType: "ALL",
    format: DEFAULT_FLOW_LOG_FORMAT,
    maxAggregationSeconds: 600,
    deliverError: null,
    createdAt: world.now(),
    ...options,
  });
}
