import { type EventLookup, lookUpEvents, type RecordedEvent } from "../../aws/cloudtrail-events.ts";
import type { Sender } from "../../aws/sender.ts";

/** Pages of one lookup: 2,000 events. At two calls a second, twenty seconds. */
const MOST_PAGES = 40;

/** A record is at most a quarter of a megabyte; whoever calls can make his large. */
const MOST_BYTES = 32 * 1024 * 1024;

/** What a lookup gave. */
export interface Records {
  /** In order of time, each event once. */
  readonly events: readonly RecordedEvent[];
  readonly pages: number;
  /** Why older events are missing; null where the lookup came to its end. */
  readonly cut: string | null;
}

/** Reads a lookup page after page. AWS gives the newest first, so what a bound leaves out is the oldest. */
export async function readRecords(cloudtrail: Sender, lookup: EventLookup): Promise<Records> {
  const found = new Map<string, RecordedEvent>();
  let token: string | null = null;
  let bytes = 0;
  for (let page = 1; page <= MOST_PAGES; page++) {
    const { events, next } = await lookUpEvents(cloudtrail, lookup, token);
    for (const event of events) {
      const key = event.id ?? `without id: ${event.document}`;
      if (found.has(key)) continue;
      bytes += Buffer.byteLength(event.document);
      if (bytes > MOST_BYTES) return ordered(found, page, `they have more than ${MOST_BYTES} bytes`);
      found.set(key, event);
    }
    if (next === null) return ordered(found, page, null);
    token = next;
  }
  return ordered(found, MOST_PAGES, `there are more than ${MOST_PAGES} pages of them`);
}

function ordered(found: ReadonlyMap<string, RecordedEvent>, pages: number, bound: string | null): Records {
  const events = [...found.values()].sort(
    (one, other) => (one.at ?? 0) - (other.at ?? 0) || ((one.id ?? "") < (other.id ?? "") ? -1 : 1),
  );
  return { events, pages, cut: bound === null ? null : `the oldest are left out: ${bound}` };
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
