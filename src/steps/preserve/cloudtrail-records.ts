import { type EventLookup, lookUpEvents, type RecordedEvent } from "../../aws/cloudtrail-events.ts";
import type { Sender } from "../../aws/sender.ts";
import { sha256 } from "../../core/json.ts";

/** Pages of one part: 2,000 events. At two calls a second, twenty seconds. */
const MOST_PAGES = 40;

/** A record is at most a quarter of a megabyte; whoever calls can make his large. */
const MOST_BYTES = 32 * 1024 * 1024;

/** What a part gave of a lookup. */
export interface Records {
  /** In order of time, each event once. */
  readonly events: readonly RecordedEvent[];
  readonly pages: number;
  /** The bound that this part ended at; null where the lookup came to its end. */
  readonly bound: string | null;
  /** Where older events are; null where there are none, or none that could be had. */
  readonly older: Older | null;
  /** A second of which not all events could be had, in milliseconds since 1970; null where there is none. */
  readonly crowded: number | null;
}

/** Where the next part goes on. */
export interface Older {
  /** Milliseconds since 1970, included. */
  readonly to: number;
  /** Events of that second which the parts before have, by their keys. */
  readonly known: readonly string[];
}

const SECOND_MS = 1000;

/**
 * Reads a lookup page after page, up to a bound. AWS gives the newest first, so what a bound leaves out is older: the next part
 * begins with the second of the oldest event that this one has.
 *
 * Whoever makes more calls in one second than a part can hold has the rest of that second left out, and nothing else.
 */
export async function readRecords(cloudtrail: Sender, lookup: EventLookup, known: readonly string[]): Promise<Records> {
  const { found, pages, given, bound } = await readPages(cloudtrail, lookup);
  const before = new Set(known);
  const events = [...found].flatMap(([key, event]) => (before.has(key) ? [] : [event])).toSorted(inTime);
  const oldest = Math.min(...[...found.values()].flatMap(({ at }) => at ?? []));
  // A list that gives the same events again and again is no longer list.
  const isRepeated = given > 2 * found.size;
  if (bound === null || isRepeated || !Number.isFinite(oldest))
    return { events, pages, bound, older: null, crowded: null };
  const second = Math.floor(oldest / SECOND_MS) * SECOND_MS;
  if (lookup.to < second + SECOND_MS) {
    const older = second > lookup.from ? { to: second - 1, known: [] } : null;
    return { events, pages, bound, older, crowded: second };
  }
  const same = [...found].flatMap(([key, { at }]) => ((at ?? 0) < second + SECOND_MS ? [key] : []));
  return { events, pages, bound, older: { to: second + SECOND_MS - 1, known: same }, crowded: null };
}

interface Pages {
  readonly found: ReadonlyMap<string, RecordedEvent>;
  readonly pages: number;
  /** Events on them, the same ones counted again. */
  readonly given: number;
  readonly bound: string | null;
}

async function readPages(cloudtrail: Sender, lookup: EventLookup): Promise<Pages> {
  const found = new Map<string, RecordedEvent>();
  let token: string | null = null;
  let bytes = 0;
  let given = 0;
  for (let pages = 1; pages <= MOST_PAGES; pages++) {
    const { events, next } = await lookUpEvents(cloudtrail, lookup, token);
    for (const event of events) {
      given += 1;
      const key = keyOf(event);
      if (found.has(key)) continue;
      bytes += Buffer.byteLength(event.document);
      if (bytes > MOST_BYTES) return { found, pages, given, bound: `they have more than ${MOST_BYTES} bytes` };
      found.set(key, event);
    }
    if (next === null) return { found, pages, given, bound: null };
    token = next;
  }
  return { found, pages: MOST_PAGES, given, bound: `there are more than ${MOST_PAGES} pages of them` };
}

function keyOf({ id, document }: RecordedEvent): string {
  return id ?? `without id: ${sha256(document)}`;
}

function inTime(one: RecordedEvent, other: RecordedEvent): number {
  return (one.at ?? 0) - (other.at ?? 0) || ((one.id ?? "") < (other.id ?? "") ? -1 : 1);
}

/** One event a line, each as CloudTrail gave it. What is no JSON stands as text in a member of its own. */
export function linesOf({ events }: Pick<Records, "events">): Uint8Array {
  return new TextEncoder().encode(events.map(({ document }) => `${lineOf(document)}\n`).join(""));
}

/** White space between the members may break lines; inside a text no line break can stand. */
function lineOf(document: string): string {
  return isJson(document) ? document.replaceAll(/[\r\n]+/g, " ").trim() : JSON.stringify({ unreadable: document });
}

function isJson(document: string): boolean {
  try {
    JSON.parse(document);
    return true;
  } catch {
    return false;
  }
}
