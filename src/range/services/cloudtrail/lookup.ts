import type { Event, LookupEventsRequest, LookupEventsResponse } from "@aws-sdk/client-cloudtrail";
import { sha256 } from "../../../core/json.ts";
import { AwsError, notImplemented } from "../../wire/operation.ts";
import type { HistoryEntry } from "../../world/event-history.ts";
import { handler } from "../handler.ts";
import { eventOf, recordOf } from "./event.ts";

const LOOKUP = "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html";

/** Same page: at most 50 events on a page, and no more than one attribute; 90 days. */
const LARGEST_PAGE = 50;
const REMEMBERED_MS = 90 * 86_400_000;
const LONGEST_VALUE = 2_000;

const LOOKS: Readonly<Record<string, (event: Event, value: string) => boolean>> = {
  AccessKeyId: ({ AccessKeyId }, value) => AccessKeyId === value,
  EventId: ({ EventId }, value) => EventId === value,
  EventName: ({ EventName }, value) => EventName === value,
  EventSource: ({ EventSource }, value) => EventSource === value,
  ReadOnly: ({ ReadOnly }, value) => ReadOnly === value,
  ResourceName: ({ Resources = [] }, value) => Resources.some(({ ResourceName }) => ResourceName === value),
  ResourceType: ({ Resources = [] }, value) => Resources.some(({ ResourceType }) => ResourceType === value),
  Username: ({ Username }, value) => Username === value,
};

/**
 * The event history: management events of the last 90 days, in the Region where they were recorded, the newest first.
 *
 * Calls on objects and other data are no management events and stand in no history:
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html
 */
const lookupEvents = handler((context, input: LookupEventsRequest): LookupEventsResponse => {
  const { world, account, call } = context;
  refuseWrong(input);
  const [attribute] = input.LookupAttributes ?? [];
  const matches = attribute === undefined ? () => true : LOOKS[attribute.AttributeKey ?? ""];
  if (matches === undefined) throw refuse("InvalidLookupAttributesException", "Invalid lookup attribute.");
  const now = world.now();
  const from = Math.max(input.StartTime?.getTime() ?? 0, now - REMEMBERED_MS);
  const to = input.EndTime?.getTime() ?? now;
  const found = world.eventHistory
    .deliveredBy(now, { accountId: account.id, region: call.region })
    .filter(({ at }) => at >= from && at <= to)
    .map((entry) => ({ entry, event: eventOf(world, entry) }))
    .filter(({ event }) => matches(event, attribute?.AttributeValue ?? ""));
  const limit = input.MaxResults ?? LARGEST_PAGE;
  const start = input.NextToken === undefined ? 0 : afterToken(found, input);
  const page = found.slice(start, context.isEndless ? start + 1 : start + limit);
  const last = page.at(-1)?.entry;
  const token = context.isEndless
    ? tokenFor(input, null)
    : last !== undefined && start + limit < found.length
      ? tokenFor(input, last)
      : undefined;
  return {
    Events: page.map(({ entry, event }) => ({ ...event, CloudTrailEvent: JSON.stringify(recordOf(world, entry)) })),
    NextToken: token,
  };
});

function refuseWrong({
  LookupAttributes = [],
  StartTime,
  EndTime,
  MaxResults,
  EventCategory,
}: LookupEventsRequest): void {
  const [attribute] = LookupAttributes;
  const length = attribute?.AttributeValue?.length ?? 1;
  if (LookupAttributes.length > 1 || length === 0 || length > LONGEST_VALUE)
    throw refuse("InvalidLookupAttributesException", "A lookup takes one attribute, of at most 2,000 characters.");
  if (StartTime && EndTime && StartTime > EndTime)
    throw refuse("InvalidTimeRangeException", "The start time must be before or equal to the end time.");
  if (MaxResults !== undefined && (MaxResults < 1 || MaxResults > LARGEST_PAGE))
    throw refuse("InvalidMaxResultsException", "A page has between 1 and 50 events.");
  if (EventCategory !== undefined) throw notImplemented("cloudtrail", "LookupEvents with EventCategory");
}

/** A token stands for the last event that was shown, so that what is delivered in between moves nothing. */
function tokenFor(input: LookupEventsRequest, last: HistoryEntry | null): string {
  const place = last === null ? [0, ""] : [last.at, last.eventId];
  return Buffer.from(JSON.stringify([argumentsOf(input), ...place])).toString("base64url");
}

/** Where the next page begins. A token goes with the arguments that it was given for. */
function afterToken(found: readonly { readonly entry: HistoryEntry }[], input: LookupEventsRequest): number {
  const [bound, at, eventId] = readToken(input.NextToken ?? "");
  if (bound !== argumentsOf(input) || typeof at !== "number" || typeof eventId !== "string")
    throw refuse("InvalidNextTokenException", "The token is not valid, or was given for other parameters.");
  const next = found.findIndex(({ entry }) => entry.at < at || (entry.at === at && entry.eventId > eventId));
  return eventId === "" ? 0 : next < 0 ? found.length : next;
}

function readToken(token: string): readonly unknown[] {
  try {
    const read = JSON.parse(Buffer.from(token, "base64url").toString()) as unknown;
    return Array.isArray(read) ? (read as readonly unknown[]) : [];
  } catch {
    return []; // Whatever is wrong with it, it is not one of ours.
  }
}

function argumentsOf({ LookupAttributes, StartTime, EndTime, EventCategory, MaxResults }: LookupEventsRequest): string {
  return sha256(JSON.stringify([LookupAttributes, StartTime, EndTime, EventCategory, MaxResults]));
}

function refuse(code: string, message: string): AwsError {
  return new AwsError(code, message, { status: 400, documentation: LOOKUP });
}

export const cloudTrailHandlers = { LookupEvents: lookupEvents };
