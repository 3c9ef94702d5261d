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

/** What a search came to. */
export type LogSearch =
  | {
      readonly kind: "read";
      /** Oldest first. */
      readonly events: readonly LogEvent[];
      /** Whether there are more than the bound allows. */
      readonly isCut: boolean;
    }
  | { readonly kind: "missing" }
  | { readonly kind: "denied" };

export interface LogQuery {
  readonly group: string;
  /** What the names of the streams begin with. */
  readonly prefixes: readonly string[];
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly mostEvents: number;
}

/** The events of some streams of a group from a time on, as they were written; at most so many, the oldest. */
export async function searchEvents(logs: Sender, query: LogQuery): Promise<LogSearch> {
  try {
    const streams = await Promise.all(query.prefixes.map((prefix) => streamsOf(logs, query.group, prefix)));
    const names = [...new Set(streams.flat())];
    return names.length === 0 ? { kind: "read", events: [], isCut: false } : await eventsSince(logs, query, names);
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

async function eventsSince(
  logs: Sender,
  { group, from, mostEvents }: LogQuery,
  streams: readonly string[],
): Promise<LogSearch> {
  const events: LogEvent[] = [];
  let token: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await logs.send(
      new FilterLogEventsCommand({
        logGroupName: group,
        logStreamNames: streams.slice(0, MOST_STREAMS),
        startTime: from,
        ...(token === undefined ? {} : { nextToken: token }),
      }),
    );
    for (const { logStreamName, timestamp, message } of answer.events ?? []) {
      if (logStreamName === undefined || timestamp === undefined || message === undefined) continue;
      if (events.length >= mostEvents) return { kind: "read", events, isCut: true };
      events.push({ stream: logStreamName, timestamp, message });
    }
    token = answer.nextToken;
    if (token === undefined || token === "") return { kind: "read", events, isCut: streams.length > MOST_STREAMS };
  }
  return { kind: "read", events, isCut: true };
}
