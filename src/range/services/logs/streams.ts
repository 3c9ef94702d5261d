import { AwsError } from "../../wire/operation.ts";
import type { FlowLog, LogGroup } from "../../world/flow-log-model.ts";
import { DEFAULT_FLOW_LOG_FORMAT } from "../../world/build-logging.ts";
import { deliveredRecords, firstRecordAt, type RecordSpan } from "../../world/flow-records.ts";
import type { Place } from "../../world/world.ts";
import type { Context } from "../handler.ts";

/** Where CloudWatch Logs documents its operations. */
export const LOGS = "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/";

/** One event of a log stream. Times are milliseconds since 1970. */
export interface StreamEvent {
  readonly stream: string;
  readonly timestamp: number;
  readonly ingestedAt: number;
  readonly message: string;
  /** The flow log that it is a record of. */
  readonly log: FlowLog;
}

const EVER: RecordSpan = { from: 0, to: Number.MAX_SAFE_INTEGER };

/**
 * The events of a log group that were delivered by now, oldest first. Its events are flow log records: one stream for each
 * interface, the time of an event is the record's `start`.
 * https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-cwl.html
 */
export function eventsOf(place: Place, group: LogGroup, span: RecordSpan = EVER): readonly StreamEvent[] {
  return logsOf(place, group)
    .flatMap((log) =>
      deliveredRecords(place, log, span).map(({ interfaceId, line, startedAt, deliveredAt }) => ({
        stream: `${interfaceId}-${log.trafficType.toLowerCase()}`,
        timestamp: startedAt,
        ingestedAt: deliveredAt,
        message: line,
        log,
      })),
    )
    .filter(({ timestamp }) => !isExpired(place, group, timestamp))
    .toSorted(
      (one, other) =>
        one.timestamp - other.timestamp ||
        one.ingestedAt - other.ingestedAt ||
        (one.stream < other.stream ? -1 : one.stream > other.stream ? 1 : 0),
    );
}

function logsOf({ region }: Place, { id }: LogGroup): readonly FlowLog[] {
  return [...region.flowLogs.values()].filter(
    ({ destination }) => destination.kind === "cloud-watch-logs" && destination.logGroupName === id,
  );
}

const HOUR_MS = 3_600_000;

/** Events of the first and the last hour: they tell which streams there are, without days of records being made. */
export function outermostEvents(place: Place, group: LogGroup): readonly StreamEvent[] {
  const now = place.world.now();
  const oldest = group.retentionDays === null ? 0 : now - group.retentionDays * DAY_MS;
  const begin = Math.max(oldest, Math.min(...logsOf(place, group).map((log) => firstRecordAt(place, log))));
  if (begin + 2 * HOUR_MS >= now) return eventsOf(place, group);
  return [
    ...eventsOf(place, group, { from: begin, to: begin + HOUR_MS }),
    ...eventsOf(place, group, { from: now - HOUR_MS, to: EVER.to }),
  ];
}

const DAY_MS = 86_400_000;

/** The fields of an event's words that Insights discovers by itself: those of AWS's own format. */
export function discoveredFields({ log }: StreamEvent): readonly string[] {
  return log.format === DEFAULT_FLOW_LOG_FORMAT ? DEFAULT_FIELDS : [];
}

const DEFAULT_FIELDS = [...DEFAULT_FLOW_LOG_FORMAT.matchAll(/\$\{([a-z-]+)\}/g)].map(([, field = ""]) => field);

function isExpired({ world }: Place, { retentionDays }: LogGroup, timestamp: number): boolean {
  return retentionDays !== null && timestamp < world.now() - retentionDays * DAY_MS;
}

/** The group that a call names, by name or by ARN; both at once, or neither, is refused. */
export function groupOf(
  context: Context,
  input: { readonly logGroupName?: string | undefined; readonly logGroupIdentifier?: string | undefined },
  operation: string,
): LogGroup {
  const { logGroupName, logGroupIdentifier } = input;
  if ((logGroupName === undefined) === (logGroupIdentifier === undefined))
    throw invalid("Exactly one of logGroupName and logGroupIdentifier must be specified.", operation);
  const named = logGroupName ?? logGroupIdentifier ?? "";
  const name = named.startsWith("arn:") ? named.split(":").slice(6).join(":").replace(/:\*$/, "") : named;
  const group = context.region.logGroups.get(name);
  if (!group) throw notFound("The specified log group does not exist.", operation);
  return group;
}

export function invalid(message: string, operation: string): AwsError {
  return new AwsError("InvalidParameterException", message, {
    status: 400,
    documentation: `${LOGS}API_${operation}.html`,
  });
}

export function notFound(message: string, operation: string): AwsError {
  return new AwsError("ResourceNotFoundException", message, {
    status: 400,
    documentation: `${LOGS}API_${operation}.html`,
  });
}

/** What StartQuery answers to a query that it cannot read. */
export function malformed(message: string): AwsError {
  return new AwsError("MalformedQueryException", message, {
    status: 400,
    documentation: `${LOGS}API_StartQuery.html`,
    members: { queryCompileError: { message } },
  });
}
