/** The reader of CloudTrail's event history: one for all cases of a process, whose pages other processes go on with. */
import type { EventPage, EventPages } from "../core/event-pages.ts";
import { sha256 } from "../core/json.ts";
import { type EventLookup, lookUpEvents, type RecordedEvent, REMEMBERED_MS } from "./cloudtrail-events.ts";
import type { Sender } from "./sender.ts";

/** What is asked of the history of one account and Region. */
export interface HistoryQuery extends Pick<EventLookup, "attribute" | "value" | "urgency"> {
  readonly account: string;
  readonly region: string;
  /** Where the time that counts begins, in milliseconds since 1970. */
  readonly from: number;
  /** A pass that began at this time or later need not be made again. */
  readonly readSince: number;
}

export interface HistoryReading {
  /** In order of time, each event once. */
  readonly events: readonly RecordedEvent[];
  /** When the newest complete pass began; null if there is none. Events that AWS delivered later are not in it. */
  readonly readAt: number | null;
  /** Whether another call of `readEvents` goes on where this one stopped. */
  readonly goesOn: boolean;
  /** What is missing for good, as a clause. */
  readonly gap: string | null;
  /** SHA-256 hashes of its pages. */
  readonly pages: readonly string[];
}

/** What a reader works with. */
export interface ReaderFrame {
  readonly cloudtrail: Sender;
  readonly pages: EventPages;
  readonly now: () => number;
  /** No page is asked for after this time. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

/** Events are read again until they are this old: AWS promises no time by which it has delivered them. */
const LATE_MS = 2 * 3_600_000;

/** Pages of one lookup in one pass: with 24 names of events, a pass of one account and Region has at most 2,400. */
const MOST_PAGES = 100;

const SECOND_MS = 1000;

/** Passes under way, by the store whose pages they add to: who wants the same waits for it instead of asking AWS twice. */
const underWay = new WeakMap<EventPages, Map<string, Promise<unknown>>>();

/**
 * Gives the events of a lookup, from the pages that are kept and from those that are missing.
 *
 * A pass reads what no page covers, and again what was read when it was less than two hours old. A pass that stops at its
 * deadline goes on at the same place the next time, also in another process.
 */
export async function readEvents(frame: ReaderFrame, query: HistoryQuery): Promise<HistoryReading> {
  const lookup = lookupName(query);
  const passes = underWay.get(frame.pages) ?? new Map<string, Promise<unknown>>();
  underWay.set(frame.pages, passes);
  // Whoever made the pass that ends may have been called off.
  for (let pass = passes.get(lookup); pass !== undefined; pass = passes.get(lookup)) {
    await pass.catch(() => {});
    frame.signal.throwIfAborted();
  }
  const pass = readPass(frame, query, lookup);
  passes.set(lookup, pass);
  try {
    return await pass;
  } finally {
    passes.delete(lookup);
  }
}

function lookupName({ account, region, attribute, value }: HistoryQuery): string {
  return `${account} ${region} ${attribute} ${value}`;
}

async function readPass(frame: ReaderFrame, query: HistoryQuery, lookup: string): Promise<HistoryReading> {
  const kept = [...(await frame.pages.eventPages(lookup, query.from))];
  const start = settledUntil(kept, query.from);
  const fresh = kept.filter(({ readAt }) => readAt >= query.readSince);
  const passAt = fresh.length === 0 ? frame.now() : Math.max(...fresh.map(({ until }) => until));
  let to = passAt;
  if (fresh.length > 0) {
    const reached = coveredDownTo(fresh, passAt);
    if (reached <= start) return readingOf(kept, query, { readAt: passAt, goesOn: false, gap: null });
    to = reached - 1;
  }
  let until = to;
  let token: string | null = null;
  for (let count = fresh.length; count < MOST_PAGES; count++) {
    if (frame.now() >= frame.deadline) return readingOf(kept, query, { readAt: null, goesOn: true, gap: null });
    frame.signal.throwIfAborted();
    const { events, next } = await lookUpEvents(frame.cloudtrail, { ...query, from: start, to }, token);
    const page = pageOf(lookup, events, { readAt: frame.now(), until, start, isLast: next === null });
    await frame.pages.putEventPage(page, frame.now() - REMEMBERED_MS - LATE_MS);
    kept.push(page);
    if (next === null) return readingOf(kept, query, { readAt: passAt, goesOn: false, gap: null });
    until = Math.min(until, page.since - 1);
    token = next;
  }
  const gap = `there are more than ${MOST_PAGES} pages of events with ${query.attribute} ${query.value}`;
  return readingOf(kept, query, { readAt: null, goesOn: false, gap });
}

/** A page covers what comes after the second of its oldest event: of that second the next page may have more. */
function pageOf(
  lookup: string,
  events: readonly RecordedEvent[],
  { readAt, until, start, isLast }: { readAt: number; until: number; start: number; isLast: boolean },
): EventPage {
  const oldest = Math.min(until, ...events.flatMap(({ at }) => at ?? []));
  const since = isLast ? start : Math.max(start, (Math.floor(oldest / SECOND_MS) + 1) * SECOND_MS);
  const content = JSON.stringify(events);
  return { lookup, readAt, since, until, content, sha256: sha256(content) };
}

/** Up to when, without a hole from `from` on, pages were read that late events can no longer change. */
function settledUntil(pages: readonly EventPage[], from: number): number {
  const settled = pages
    .map(({ since, until, readAt }) => ({ since, until: Math.min(until, readAt - LATE_MS) }))
    .filter(({ since, until }) => since <= until)
    .sort((one, other) => one.since - other.since);
  return settled.reduce(
    (reached, { since, until }) => (since <= reached + 1 ? Math.max(reached, until) : reached),
    from,
  );
}

/** Down to when pages cover all without a hole. */
function coveredDownTo(pages: readonly EventPage[], from: number): number {
  const covering = pages.filter(({ since, until }) => since <= until).sort((one, other) => other.until - one.until);
  return covering.reduce(
    (reached, { since, until }) => (until >= reached - 1 ? Math.min(reached, since) : reached),
    from + 1,
  );
}

function readingOf(
  pages: readonly EventPage[],
  { from }: HistoryQuery,
  rest: Pick<HistoryReading, "readAt" | "goesOn" | "gap">,
): HistoryReading {
  const found = new Map<string, RecordedEvent>();
  for (const { content } of pages)
    for (const event of JSON.parse(content) as RecordedEvent[]) found.set(event.id ?? event.document, event);
  const events = [...found.values()]
    .filter(({ at }) => at === null || at >= Math.floor(from / SECOND_MS) * SECOND_MS)
    .sort((one, other) => (one.at ?? 0) - (other.at ?? 0));
  return { events, ...rest, pages: [...new Set(pages.map(({ sha256: hash }) => hash))] };
}
