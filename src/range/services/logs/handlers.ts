import type {
  DescribeLogStreamsRequest,
  DescribeLogStreamsResponse,
  FilterLogEventsRequest,
  FilterLogEventsResponse,
} from "@aws-sdk/client-cloudwatch-logs";
import { sha256 } from "../../../core/json.ts";
import { handler } from "../handler.ts";
import { page, tokenFor } from "../pages.ts";
import { matcherOf } from "./filter-patterns.ts";
import { queryHandlers } from "./queries.ts";
import { eventsOf, groupOf, invalid, notFound, outermostEvents, type StreamEvent } from "./streams.ts";

function streamsOf(events: readonly StreamEvent[]): ReadonlyMap<string, readonly StreamEvent[]> {
  const streams = new Map<string, StreamEvent[]>();
  for (const event of events) {
    const known = streams.get(event.stream);
    if (known) known.push(event);
    else streams.set(event.stream, [event]);
  }
  return new Map([...streams].toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/** At most 50 on a page, by name. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html */
const describeLogStreams = handler((context, input: DescribeLogStreamsRequest): DescribeLogStreamsResponse => {
  const group = groupOf(context, input, "DescribeLogStreams");
  if (input.orderBy === "LastEventTime" && input.logStreamNamePrefix !== undefined)
    throw invalid("Cannot order by LastEventTime with a logStreamNamePrefix.", "DescribeLogStreams");
  const streams = [...streamsOf(outermostEvents(context, group))].filter(([name]) =>
    name.startsWith(input.logStreamNamePrefix ?? ""),
  );
  const { items, token } = page(streams, {
    operation: "DescribeLogStreams",
    limit: input.limit,
    token: input.nextToken,
    pageSize: Math.min(context.pageSize, 50),
    isEndless: context.isEndless,
    range: [1, 50],
    invalidToken: "InvalidParameterException",
  });
  return {
    logStreams: items.map(([name, events]) => ({
      logStreamName: name,
      arn: `arn:aws:logs:${context.region.name}:${context.account.id}:log-group:${group.id}:log-stream:${name}`,
      creationTime: events[0]?.ingestedAt,
      firstEventTimestamp: events[0]?.timestamp,
      lastEventTimestamp: events.at(-1)?.timestamp,
      lastIngestionTime: events.at(-1)?.ingestedAt,
    })),
    nextToken: token,
  };
});

/** A page has at most 10,000 events and at most 1 MB of them (same page as FilterLogEvents). */
const MOST_EVENTS = 10_000;
const MOST_BYTES = 1_048_576;

/**
 * Pages may be empty and say that there is more: the first of a search through several streams is.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
 */
const filterLogEvents = handler((context, input: FilterLogEventsRequest): FilterLogEventsResponse => {
  const group = groupOf(context, input, "FilterLogEvents");
  const wanted = wantedStreams(input, outermostEvents(context, group));
  const { startTime = 0, endTime = Number.MAX_SAFE_INTEGER } = input;
  if (startTime > endTime) throw invalid("The start time must not be after the end time.", "FilterLogEvents");
  const matches = matcherOf(input.filterPattern ?? "");
  const events = eventsOf(context, group, { from: startTime, to: endTime + 1 }).filter(
    ({ stream, message }) => wanted.has(stream) && matches(message),
  );
  const ordered = input.startFromHead === false ? events.toReversed() : events;
  if (input.nextToken === undefined && wanted.size > 1 && !context.isEndless)
    return { events: [], searchedLogStreams: [], nextToken: tokenFor("FilterLogEvents", 0) };
  const { items, token } = page(ordered, {
    operation: "FilterLogEvents",
    limit: input.limit,
    token: input.nextToken,
    pageSize: Math.min(context.pageSize, MOST_EVENTS, eventsInBytes(ordered)),
    isEndless: context.isEndless,
    range: [1, MOST_EVENTS],
    invalidToken: "InvalidParameterException",
  });
  return {
    events: items.map(({ stream, timestamp, ingestedAt, message }) => ({
      logStreamName: stream,
      timestamp,
      ingestionTime: ingestedAt,
      message,
      eventId: eventIdOf(`${group.id} ${stream} ${timestamp} ${message}`),
    })),
    searchedLogStreams: [],
    nextToken: token,
  };
});

/** How many events fit on each page, if all are as long as the longest. */
function eventsInBytes(events: readonly StreamEvent[]): number {
  const longest = events.reduce((most, { message }) => Math.max(most, message.length), 1);
  return Math.max(1, Math.floor(MOST_BYTES / longest));
}

function wantedStreams(
  { logStreamNames, logStreamNamePrefix }: FilterLogEventsRequest,
  events: readonly StreamEvent[],
): ReadonlySet<string> {
  if (logStreamNames !== undefined && logStreamNamePrefix !== undefined)
    throw invalid("logStreamNames and logStreamNamePrefix cannot be specified together.", "FilterLogEvents");
  if (logStreamNames && (logStreamNames.length < 1 || logStreamNames.length > 100))
    throw invalid("Member must have length between 1 and 100.", "FilterLogEvents");
  const streams = [...streamsOf(events).keys()];
  const missing = logStreamNames?.find((name) => !streams.includes(name));
  if (missing !== undefined) throw notFound("The specified log stream does not exist.", "FilterLogEvents");
  return new Set(logStreamNames ?? streams.filter((name) => name.startsWith(logStreamNamePrefix ?? "")));
}

/** 56 digits, as AWS's are. */
function eventIdOf(text: string): string {
  return BigInt(`0x${sha256(text)}`)
    .toString()
    .slice(0, 56)
    .padStart(56, "3");
}

export const logsHandlers = {
  DescribeLogStreams: describeLogStreams,
  FilterLogEvents: filterLogEvents,
  ...queryHandlers,
};
