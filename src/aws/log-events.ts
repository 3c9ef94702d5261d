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

/** The events that were read, oldest first. */
export interface LogEvents {
  readonly events: readonly LogEvent[];
  /** Whether there were more than the bound allows. */
  readonly isCut: boolean;
}

/** The streams of a group whose name begins so; none where the group is not there. */
export async function streamsOf(
  logs: Sender,
  { group, prefix }: { readonly group: string; readonly prefix: string },
): Promise<readonly string[]> {
  try {
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
  } catch (error) {
    if (hasAwsCode(error, "ResourceNotFoundException")) return [];
    throw error;
  }
}

/** How many streams one search may name. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html */
const MOST_STREAMS = 100;

/** Pages may be empty though more follow (same page), so that their number says little of how much there is. */
const MOST_PAGES = 100;

/** The events of some streams from a time on, as they were written; at most `mostEvents`, the oldest. */
export async function eventsSince(
  logs: Sender,
  search: {
    readonly group: string;
    readonly streams: readonly string[];
    readonly from: number;
    readonly mostEvents: number;
  },
): Promise<LogEvents> {
  const { group, streams, from, mostEvents } = search;
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
      if (events.length >= mostEvents) return { events, isCut: true };
      events.push({ stream: logStreamName, timestamp, message });
    }
    token = answer.nextToken;
    if (token === undefined || token === "") return { events, isCut: streams.length > MOST_STREAMS };
  }
  return { events, isCut: true };
}
