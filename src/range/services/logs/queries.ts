import type {
  GetQueryResultsRequest,
  GetQueryResultsResponse,
  StartQueryRequest,
  StartQueryResponse,
  StopQueryRequest,
  StopQueryResponse,
} from "@aws-sdk/client-cloudwatch-logs";
import { sha256 } from "../../../core/json.ts";
import { AwsError, notImplemented } from "../../wire/operation.ts";
import type { LogGroup, LogQuery } from "../../world/flow-log-model.ts";
import { handler, type Context } from "../handler.ts";
import { parseQuery } from "./insights-grammar.ts";
import { MOST_RESULTS, runQuery, type Fields, type QueryOutcome } from "./insights-run.ts";
import {
  discoveredFields,
  eventsOf,
  groupOf,
  invalid,
  LOGS,
  notFound,
  type StreamEvent,
  malformed,
} from "./streams.ts";

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html */
const MOST_GROUPS = 50;
const MOST_QUERIES = 30;
const TIMEOUT_MS = 3_600_000;
/** A query is scheduled before it runs. AWS says nothing about how long either takes. */
const SCHEDULED_MS = 200;

/** Outcomes of queries, computed when somebody first asks for them. */
const outcomes = new WeakMap<LogQuery, QueryOutcome & { readonly scanned: readonly StreamEvent[] }>();

/**
 * Starts a query over log groups.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html
 */
const startQuery = handler((context, input: StartQueryRequest): StartQueryResponse => {
  const { startTime = 0, endTime = 0, queryString = "", limit = MOST_RESULTS } = input;
  if (input.queryLanguage !== undefined && input.queryLanguage !== "CWLI")
    throw notImplemented("logs", `StartQuery in the language ${input.queryLanguage}`);
  if (startTime > endTime) throw invalid("End time should not be before start time.", "StartQuery");
  if (limit < 1 || limit > MOST_RESULTS)
    throw invalid(`limit must have a value between 1 and ${MOST_RESULTS}.`, "StartQuery");
  const groups = queriedGroups(context, input);
  parseQuery(queryString);
  if (groups.every((group) => isBeyond(context, group, endTime * 1000)))
    throw malformed(
      "Query's end date and time is either before the log groups creation time or exceeds the log groups log retention settings",
    );
  const { queries, insights } = context.region;
  const now = context.world.now();
  if ([...queries.values()].filter((query) => isUnderWay(statusOf(query, now))).length >= MOST_QUERIES)
    throw new AwsError("LimitExceededException", "Account maximum query concurrency limit reached.", {
      status: 400,
      documentation: `${LOGS}API_StartQuery.html`,
    });
  const id = uuidOf(sha256(`${context.account.id} ${context.region.name} ${queries.size} ${now} ${queryString}`));
  queries.set(id, {
    id,
    groupIds: groups.map((group) => group.id),
    from: startTime * 1000,
    to: endTime * 1000,
    limit,
    queryString,
    startedAt: now,
    ...insights,
    stoppedAt: null,
  });
  return { queryId: id };
});

/** By name or ARN, one or several; the three members exclude each other. */
function queriedGroups(context: Context, input: StartQueryRequest): readonly LogGroup[] {
  const given = [
    input.logGroupName === undefined ? undefined : [input.logGroupName],
    input.logGroupNames,
    input.logGroupIdentifiers,
  ];
  const [names, ...others] = given.filter((each) => each !== undefined);
  if (names === undefined || others.length > 0)
    throw invalid(
      "Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be specified.",
      "StartQuery",
    );
  if (names.length < 1 || names.length > MOST_GROUPS)
    throw invalid(`Between 1 and ${MOST_GROUPS} log groups can be queried.`, "StartQuery");
  return names.map((name) =>
    groupOf(context, name.startsWith("arn:") ? { logGroupIdentifier: name } : { logGroupName: name }, "StartQuery"),
  );
}

function isBeyond({ world }: Context, { createdAt, retentionDays }: LogGroup, to: number): boolean {
  return to < createdAt || (retentionDays !== null && to < world.now() - retentionDays * 86_400_000);
}

/** A query that runs for longer than an hour times out. Results stay for seven days. */
export function statusOf(
  { startedAt, durationMs, fate, stoppedAt }: LogQuery,
  now: number,
): "Scheduled" | "Running" | "Cancelled" | LogQuery["fate"] {
  if (stoppedAt !== null) return "Cancelled";
  const after = now - startedAt;
  if (after >= TIMEOUT_MS && durationMs > TIMEOUT_MS) return "Timeout";
  if (after >= durationMs) return fate;
  return after < SCHEDULED_MS ? "Scheduled" : "Running";
}

function isUnderWay(status: ReturnType<typeof statusOf>): boolean {
  return status === "Scheduled" || status === "Running";
}

/** While a query runs there are no results yet. Those of one that is done are what was delivered when it started. */
const getQueryResults = handler((context, { queryId }: GetQueryResultsRequest): GetQueryResultsResponse => {
  const query = existingQuery(context, queryId, "GetQueryResults");
  const status = statusOf(query, context.world.now());
  const none = { recordsMatched: 0, recordsScanned: 0, bytesScanned: 0 };
  if (status !== "Complete") return { queryLanguage: "CWLI", status, results: [], statistics: none };
  const { rows, matched, scanned } = outcomeOf(context, query);
  return {
    queryLanguage: "CWLI",
    status,
    results: rows.map((row) => Object.entries(row).map(([field, value]) => ({ field, value }))),
    statistics: {
      recordsMatched: matched,
      recordsScanned: scanned.length,
      bytesScanned: scanned.reduce((sum, { message }) => sum + message.length, 0),
    },
  };
});

function outcomeOf(context: Context, query: LogQuery): QueryOutcome & { readonly scanned: readonly StreamEvent[] } {
  const known = outcomes.get(query);
  if (known) return known;
  const place = { world: context.world.asOf(query.startedAt), account: context.account, region: context.region };
  const span = { from: query.from, to: query.to + 1 };
  const events = query.groupIds.flatMap((id) => {
    const group = context.region.logGroups.get(id);
    return (group ? eventsOf(place, group, span) : []).map((event) => ({
      event,
      fields: fieldsOf(context, id, event),
    }));
  });
  const scanned = events.map(({ event }) => event);
  const outcome = {
    ...runQuery(
      parseQuery(query.queryString),
      events.map(({ fields }) => fields),
      query.limit,
    ),
    scanned,
  };
  outcomes.set(query, outcome);
  return outcome;
}

/** Stops a query that is scheduled or runs. */
const stopQuery = handler((context, { queryId }: StopQueryRequest): StopQueryResponse => {
  const query = existingQuery(context, queryId, "StopQuery");
  const now = context.world.now();
  if (!isUnderWay(statusOf(query, now))) throw invalid("The query is not running and cannot be stopped.", "StopQuery");
  query.stoppedAt = now;
  return { success: true };
});

function existingQuery({ region }: Context, queryId: string | undefined, operation: string): LogQuery {
  const query = region.queries.get(queryId ?? "");
  if (!query) throw notFound("The specified query does not exist.", operation);
  return query;
}

/**
 * Fields that are discovered without `parse`: of flow logs in AWS's own format, and of no others.
 *
 * `start` and `end` are how the console shows what the page calls `startTime` and `endTime`: both are here.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
 */
const DISCOVERED: Readonly<Record<string, readonly string[]>> = {
  version: ["version"],
  "account-id": ["accountId"],
  "interface-id": ["interfaceId"],
  srcaddr: ["srcAddr"],
  dstaddr: ["dstAddr"],
  srcport: ["srcPort"],
  dstport: ["dstPort"],
  protocol: ["protocol"],
  packets: ["packets"],
  bytes: ["bytes"],
  start: ["startTime", "start"],
  end: ["endTime", "end"],
  action: ["action"],
  "log-status": ["logStatus"],
};

function fieldsOf({ account }: Context, groupId: string, event: StreamEvent): Fields {
  const words = event.message.split(" ");
  const discovered = discoveredFields(event).flatMap((field, index) =>
    (DISCOVERED[field] ?? []).map((name): [string, string] => [name, words[index] ?? "-"]),
  );
  return {
    "@timestamp": String(event.timestamp),
    "@ingestionTime": String(event.ingestedAt),
    "@message": event.message,
    "@logStream": event.stream,
    "@log": `${account.id}:${groupId}`,
    "@ptr": Buffer.from(`${event.stream} ${event.timestamp} ${event.message}`).toString("base64url").slice(0, 96),
    ...Object.fromEntries(discovered),
  };
}

function uuidOf(hash: string): string {
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-4${hash.slice(13, 16)}-a${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}

export const queryHandlers = { StartQuery: startQuery, GetQueryResults: getQueryResults, StopQuery: stopQuery };
