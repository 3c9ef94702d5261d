import { z } from "zod";
import type { RecordedEvent } from "../../aws/cloudtrail-events.ts";
import type { Json } from "../../core/json.ts";

/** How many of each kind a summary names: it stands in the journal, and the events are in the vault. */
const MOST_NAMED = 25;

/** The same of further parts: the journal carries them all until the last is there, and a row of it has little room. */
const MOST_NAMED_FURTHER = 5;
const LONGEST_WORD = 100;

/** What the summary looks at. Everything in it is what a caller sent, or could have. */
const record = z.object({
  eventName: z.string().nullish(),
  eventSource: z.string().nullish(),
  sourceIPAddress: z.string().nullish(),
  errorCode: z.string().nullish(),
  userIdentity: z.object({ principalId: z.string().nullish() }).nullish(),
});

export interface Summarised {
  readonly instanceId: string;
  /** Addresses that the instance has. */
  readonly addresses: readonly string[];
  /** Whether it is a part after the first. */
  readonly isFurther?: boolean;
}

/**
 * What stands in a lot of events, as counts: by what was called, from where, and how often AWS refused it.
 *
 * `elsewhere` are the addresses from which somebody called with the instance's credentials and which are none of the
 * instance's: a sign of stolen ones. A NAT gateway or a proxy between the instance and AWS shows there as well.
 */
export function summaryOf(events: readonly RecordedEvent[], { instanceId, addresses, isFurther }: Summarised): Json {
  const most = isFurther === true ? MOST_NAMED_FURTHER : MOST_NAMED;
  const names = new Tally();
  const sources = new Tally();
  const errors = new Tally();
  const elsewhere = new Tally();
  let unreadable = 0;
  for (const { document, at } of events) {
    const read = readRecord(document);
    if (read === null) {
      unreadable += 1;
      continue;
    }
    const { eventName, eventSource, sourceIPAddress, errorCode, userIdentity } = read;
    const name = `${eventSource ?? "unknown"} ${eventName ?? "unknown"}`;
    const address = sourceIPAddress ?? "unknown";
    const isOfInstance = userIdentity?.principalId?.endsWith(`:${instanceId}`) === true;
    const isRefused = errorCode != null;
    names.count(name, at, isRefused);
    sources.count(address, at, isRefused);
    if (errorCode != null) errors.count(errorCode, at, true);
    if (isOfInstance && isAddress(address) && !addresses.includes(address)) elsewhere.count(address, at, isRefused);
  }
  return {
    events: events.length,
    ...(unreadable === 0 ? {} : { unreadable }),
    oldest: timeOf(events.at(0)),
    newest: timeOf(events.at(-1)),
    calls: names.listed(most),
    addresses: sources.listed(most),
    elsewhere: elsewhere.listed(most),
    errors: errors.listed(most),
  };
}

/** An IPv4 or IPv6 address, and not the name of a service of AWS that called by itself. */
function isAddress(text: string): boolean {
  return z.union([z.ipv4(), z.ipv6()]).safeParse(text).success;
}

function readRecord(document: string): z.infer<typeof record> | null {
  try {
    const parsed = record.safeParse(JSON.parse(document));
    return parsed.success ? parsed.data : null;
  } catch {
    return null; // Not JSON, or nested deeper than can be read: it is kept, and says nothing here.
  }
}

function timeOf(event: RecordedEvent | undefined): string | null {
  return event?.at == null ? null : new Date(event.at).toISOString();
}

interface Counted {
  count: number;
  refused: number;
  first: number | null;
  last: number | null;
}

/** Counts by word, the most frequent first. */
class Tally {
  readonly #counted = new Map<string, Counted>();

  count(word: string, at: number | null, isRefused: boolean): void {
    const key = printed(word);
    const counted = this.#counted.get(key) ?? { count: 0, refused: 0, first: at, last: at };
    counted.count += 1;
    if (isRefused) counted.refused += 1;
    counted.last = at ?? counted.last;
    this.#counted.set(key, counted);
  }

  listed(most: number): Json {
    const all = [...this.#counted].sort(
      ([one, { count }], [other, { count: more }]) => more - count || (one < other ? -1 : 1),
    );
    const named = all.slice(0, most).map(([what, { count, refused, first, last }]) => ({
      what,
      count,
      ...(refused === 0 ? {} : { refused }),
      first: first === null ? null : new Date(first).toISOString(),
      last: last === null ? null : new Date(last).toISOString(),
    }));
    const rest = all.slice(most).reduce((sum, [, { count }]) => sum + count, 0);
    return rest === 0 ? named : [...named, { what: `${all.length - most} others`, count: rest }];
  }
}

/** Control characters, and those that turn the direction of writing, would reach terminals and tickets. */
function printed(text: string): string {
  return text.slice(0, LONGEST_WORD).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "\u{FFFD}");
}
