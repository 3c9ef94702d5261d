import { LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import type { Urgency } from "../core/urgency.ts";
import type { Sender } from "./sender.ts";

/** The one attribute by which a lookup finds events, as far as Cordon uses it. */
export type EventAttribute = "AccessKeyId" | "EventName" | "ResourceName" | "Username";

export interface EventLookup {
  readonly attribute: EventAttribute;
  readonly value: string;
  /** Milliseconds since 1970, both included. */
  readonly from: number;
  readonly to: number;
  /** How urgent the lookup is, if not as urgent as its act. */
  readonly urgency?: Urgency;
}

/** One event of the history. */
export interface RecordedEvent {
  /** Null where AWS leaves it out. */
  readonly id: string | null;
  /** When the call was made, in milliseconds since 1970, to the second. */
  readonly at: number | null;
  /** The record as CloudTrail gives it: JSON text, in which user agents and parameters are whatever the caller sent. */
  readonly document: string;
}

export interface EventPage {
  /** The newest first. */
  readonly events: readonly RecordedEvent[];
  /** For the next page of the very same lookup; null on the last one. */
  readonly next: string | null;
}

/** How long CloudTrail remembers without a trail: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html */
export const REMEMBERED_MS = 90 * 86_400_000;

/** The most that AWS gives on a page. */
const PAGE_SIZE = 50;

/**
 * One page of the event history: management events of the last 90 days that were recorded in the sender's Region.
 *
 * AWS takes two such calls a second in each account and Region, and a token only with the arguments that it was given for.
 * https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
 */
export async function lookUpEvents(
  cloudtrail: Sender,
  { attribute, value, from, to, urgency }: EventLookup,
  token: string | null,
): Promise<EventPage> {
  const { Events = [], NextToken } = await cloudtrail.send(
    new LookupEventsCommand({
      LookupAttributes: [{ AttributeKey: attribute, AttributeValue: value }],
      StartTime: new Date(from),
      EndTime: new Date(to),
      MaxResults: PAGE_SIZE,
      ...(token === null ? {} : { NextToken: token }),
    }),
    urgency === undefined ? {} : { urgency },
  );
  return {
    events: Events.map(({ EventId = null, EventTime, CloudTrailEvent }) => ({
      id: EventId,
      at: EventTime?.getTime() ?? null,
      document: CloudTrailEvent ?? "",
    })),
    next: NextToken === undefined || NextToken === "" ? null : NextToken,
  };
}

/** Where calls of global services, IAM's first of all, are recorded: one Region in each partition. */
export function globalRegionOf(region: string): string {
  if (region.startsWith("cn-")) return "cn-north-1";
  if (region.startsWith("us-gov-")) return "us-gov-west-1";
  return "us-east-1";
}
