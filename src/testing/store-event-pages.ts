/** What every store keeps of pages of CloudTrail. */
import { expect, test } from "vitest";
import type { EventPage } from "../core/event-pages.ts";
import { NOW, type On } from "./store-samples.ts";

function page(lookup: string, since: number, until: number, readAt = NOW): EventPage {
  const content = JSON.stringify([{ id: `${lookup} ${since}` }]);
  return { lookup, readAt, since, until, content, sha256: `hash of ${content}` };
}

export function eventPages(on: On): void {
  test(
    "a page is read back as it was put, and only with its own lookup",
    on(async (store) => {
      const kept = page("a", 100, 200);
      await store.putEventPage(kept, 0);
      await store.putEventPage(page("b", 100, 200), 0);
      expect(await store.eventPages("a", 0)).toEqual([kept]);
      expect(await store.eventPages("c", 0)).toEqual([]);
    }),
  );
  test(
    "pages that end before the time asked for are left out; the millisecond of their end is part of them",
    on(async (store) => {
      await store.putEventPage(page("a", 100, 200), 0);
      await store.putEventPage(page("a", 201, 300), 0);
      expect((await store.eventPages("a", 200)).map(({ since }) => since)).toEqual([201, 100]);
      expect((await store.eventPages("a", 201)).map(({ since }) => since)).toEqual([201]);
      expect(await store.eventPages("a", 301)).toEqual([]);
    }),
  );
  test(
    "two readings of one stretch are both kept, the older first",
    on(async (store) => {
      await store.putEventPage(page("a", 100, 200, NOW + 5), 0);
      await store.putEventPage(page("a", 100, 200, NOW), 0);
      expect((await store.eventPages("a", 0)).map(({ readAt }) => readAt)).toEqual([NOW, NOW + 5]);
    }),
  );
  test(
    "what ends before the time to forget goes, of that lookup alone",
    on(async (store) => {
      await store.putEventPage(page("a", 100, 200), 0);
      await store.putEventPage(page("b", 100, 200), 0);
      await store.putEventPage(page("a", 300, 400), 201);
      expect((await store.eventPages("a", 0)).map(({ since }) => since)).toEqual([300]);
      expect(await store.eventPages("b", 0)).toHaveLength(1);
    }),
  );
}
