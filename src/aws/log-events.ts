import { DescribeLogStreamsCommand, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { hasAwsCode } from "./aws-call-error.ts";
import { allPages } from "./pages.ts";
import type { Sender } from "./sender.ts";

/** One event of a log stream. Times are milliseconds since 1970. */
export interface LogEvent {
  readonly stream: string;
  readonly timestamp: number;
  readonly message: string;
}

/** Some of the events of a search. */
export interface LogPart {
  /** Oldest first. */
  readonly events: readonly LogEvent[];
  /** Whether there are more than the bound allows. */
  readonly isCut: boolean;
}

/** What looking into a group came to. */
export type LogSearch<Found> =
  { readonly kind: "read"; readonly found: Found } | { readonly kind: "missing" } | { readonly kind: "denied" };

/** Events by the time that they carry, in milliseconds since 1970, both ends included. */
export interface LogSpan {
  readonly from: number;
  readonly to?: number;
  readonly mostEvents: number;
  /** Which events the bound keeps. */
  readonly keeps: "oldest" | "newest";
  /** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/logs/FilterAndPatternSyntax.html */
  readonly pattern?: string;
}

/** Streams of a group, by what their names begin with. */
export interface LogStreams {
  readonly group: string;
  readonly prefixes: readonly string[];
}

/** Lets `read` search through some streams of a group, as often as it needs to. */
export async function searchLog<Found>(
  logs: Sender,
  { group, prefixes }: LogStreams,
  read: (search: (span: LogSpan) => Promise<LogPart>) => Promise<Found>,
): Promise<LogSearch<Found>> {
  try {
    const streams = await Promise.all(prefixes.map((prefix) => streamsOf(logs, group, prefix)));
    const names = [...new Set(streams.flat())];
    return { kind: "read", found: await read((span) => eventsIn(logs, { group, names }, span)) };
  } catch (error) {
    if (hasAwsCode(error, "ResourceNotFoundException")) return { kind: "missing" };
    if (hasAwsCode(error, "AccessDeniedException")) return { kind: "denied" };
    throw error;
  }
}

async function streamsOf(logs: Sender, group: string, prefix: string): Promise<readonly string[]> {
  const streams = await allPages({ what: `log streams of ${group}`, mostPages: 20 }, async (token) => {
    const { logStreams, nextToken } = await logs.send(
      new DescribeLogStreamsCommand({
        logGroupName: group,
        logStreamNamePrefix: prefix,
        limit: 50,
        ...(token === undefined ? {} : { nextToken: token }),
      }),
    );
    return { items: logStreams, next: nextToken };
  });
  return streams.flatMap(({ logStreamName }) => logStreamName ?? []);
}

/** How many streams one search may name. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html */
const MOST_STREAMS = 100;

/** Pages may be empty though more follow (same page), so that their number says little of how much there is. */
const MOST_PAGES = 100;

async function eventsIn(
  logs: Sender,
  { group, names }: { readonly group: string; readonly names: readonly string[] },
  { from, to, mostEvents, keeps, pattern }: LogSpan,
): Promise<LogPart> {
  const events: LogEvent[] = [];
  const part = (isCut: boolean): LogPart => ({ events: keeps === "oldest" ? events : events.toReversed(), isCut });
  if (names.length === 0) return part(false);
  let token: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await logs.send(
      new FilterLogEventsCommand({
        logGroupName: group,
        logStreamNames: names.slice(0, MOST_STREAMS),
        startTime: from,
        ...(to === undefined ? {} : { endTime: to }),
        ...(pattern === undefined ? {} : { filterPattern: pattern }),
        ...(keeps === "oldest" ? {} : { startFromHead: false }),
        ...(token === undefined ? {} : { nextToken: token }),
      }),
    );
    for (const { logStreamName, timestamp, message } of answer.events ?? []) {
      if (logStreamName === undefined || timestamp === undefined || message === undefined) continue;
      if (events.length >= mostEvents) return part(true);
      events.push({ stream: logStreamName, timestamp, message });
    }
    token = answer.nextToken;
    if (token === undefined || token === "") return part(names.length > MOST_STREAMS);
  }
  return part(true);
}
