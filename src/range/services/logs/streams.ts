import { AwsError } from "../../wire/operation.ts";
import type { LogGroup } from "../../world/flow-log-model.ts";
import { deliveredRecords, type RecordSpan } from "../../world/flow-records.ts";
import type { Context } from "../handler.ts";

/** Where CloudWatch Logs documents its operations. */
export const LOGS = "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/";

/** One event of a log stream. Times are milliseconds since 1970. */
export interface StreamEvent {
  readonly stream: string;
  readonly timestamp: number;
  readonly ingestedAt: number;
  readonly message: string;
}

const EVER: RecordSpan = { from: 0, to: Number.MAX_SAFE_INTEGER };

/**
 * The events of a log group that were delivered by now, oldest first. Its events are flow log records: one stream for each
 * interface, the time of an event is the record's `start`.
 * https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-cwl.html
 */
export function eventsOf(context: Context, group: LogGroup, span: RecordSpan = EVER): readonly StreamEvent[] {
  const logs = [...context.region.flowLogs.values()].filter(
    ({ destination }) => destination.kind === "cloud-watch-logs" && destination.logGroupName === group.id,
  );
  return logs
    .flatMap((log) =>
      deliveredRecords(context, log, span).map(({ interfaceId, line, startedAt, deliveredAt }) => ({
        stream: `${interfaceId}-${log.trafficType.toLowerCase()}`,
        timestamp: startedAt,
        ingestedAt: deliveredAt,
        message: line,
      })),
    )
    .filter(({ timestamp }) => !isExpired(context, group, timestamp))
    .toSorted(
      (one, other) =>
        one.timestamp - other.timestamp ||
        one.ingestedAt - other.ingestedAt ||
        (one.stream < other.stream ? -1 : one.stream > other.stream ? 1 : 0),
    );
}

const DAY_MS = 86_400_000;

function isExpired({ world }: Context, { retentionDays }: LogGroup, timestamp: number): boolean {
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
