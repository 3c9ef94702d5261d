import type {
  DescribeEventBusRequest,
  DescribeEventBusResponse,
  PutEventsRequest,
  PutEventsRequestEntry,
  PutEventsResponse,
  PutEventsResultEntry,
} from "@aws-sdk/client-eventbridge";
import { AwsError } from "../wire/operation.ts";
import { createEventBus } from "../world/build-hand-over.ts";
import type { EventBus } from "../world/hand-over-model.ts";
import { randomText } from "../world/random.ts";
import { handler, type Context } from "./handler.ts";

const EVENTS = "https://docs.aws.amazon.com/eventbridge/latest/APIReference/";

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html */
const MOST_BYTES = 262_144;

/** The bus of a name or an ARN; null where there is none. Every account has the one that is called `default`. */
function busOf(context: Context, named: string): EventBus | null {
  const { region, account } = context;
  const name = named.slice(named.indexOf("/") + 1);
  const bus = region.eventBuses.get(name) ?? (name === "default" ? createEventBus(context, name) : null);
  if (!named.startsWith("arn:")) return bus;
  return named === `arn:aws:events:${region.name}:${account.id}:event-bus/${name}` ? bus : null;
}

const describeEventBus = handler((context, input: DescribeEventBusRequest): DescribeEventBusResponse => {
  const name = input.Name ?? "default";
  const bus = busOf(context, name);
  if (!bus) {
    throw new AwsError("ResourceNotFoundException", `Event bus ${name} does not exist.`, {
      status: 400,
      documentation: `${EVENTS}API_DescribeEventBus.html`,
    });
  }
  return { Name: bus.id, Arn: bus.arn };
});

/**
 * An entry for a bus that does not exist is taken and lost, with an id and without an error: so AWS has done for years,
 * https://github.com/aws/aws-sdk/issues/186. An entry that is malformed fails alone, and the call succeeds.
 */
const putEvents = handler((context, { Entries = [] }: PutEventsRequest): PutEventsResponse => {
  if (Entries.length === 0 || Entries.length > 10)
    throw invalid("Value at 'entries' failed to satisfy constraint: Member must have length between 1 and 10");
  if (Entries.reduce((bytes, entry) => bytes + bytesOf(entry), 0) > MOST_BYTES)
    throw invalid("Total size of the entries in the request is over the limit.");
  const results = Entries.map((entry) => putEvent(context, entry));
  return { FailedEntryCount: results.filter(({ ErrorCode }) => ErrorCode !== undefined).length, Entries: results };
});

function putEvent(context: Context, entry: PutEventsRequestEntry): PutEventsResultEntry {
  const { Source = "", DetailType = "", Detail = "", EventBusName = "default" } = entry;
  if (Source === "" || DetailType === "" || Detail === "")
    return failed("InvalidArgument", "Parameter Source, DetailType and Detail are required.");
  if (Source.startsWith("aws."))
    return failed("NotAuthorizedForSourceException", `Not authorized for the source ${Source}.`);
  if (!isObject(Detail)) return failed("MalformedDetail", "Detail is malformed.");
  const { world } = context;
  const id = eventId(world.random);
  const bus = busOf(context, EventBusName);
  if (bus) {
    world.change(bus, () => {
      bus.events = [...bus.events, { id, source: Source, detailType: DetailType, detail: Detail, at: world.now() }];
    });
  }
  return { EventId: id };
}

function failed(ErrorCode: string, ErrorMessage: string): PutEventsResultEntry {
  return { ErrorCode, ErrorMessage };
}

function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message, { status: 400, documentation: `${EVENTS}API_PutEvents.html` });
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function bytesOf({ Source = "", DetailType = "", Detail = "", Resources = [] }: PutEventsRequestEntry): number {
  return Buffer.byteLength([Source, DetailType, Detail, ...Resources].join(""));
}

function eventId(random: () => number): string {
  const hex = (length: number): string => randomText(random, "0123456789abcdef", length);
  return `${hex(8)}-${hex(4)}-${hex(4)}-${hex(4)}-${hex(12)}`;
}

export const eventsHandlers = { DescribeEventBus: describeEventBus, PutEvents: putEvents };
