import { describe, expect, it } from "vitest";
import { type HistoryQuery, readEvents } from "../../src/aws/event-history.ts";
import type { Sender } from "../../src/aws/sender.ts";
import { openSqlite } from "../../src/store/sqlite.ts";

const START = Date.parse("2026-01-10T00:00:00Z");
const HOUR_MS = 3_600_000;

/** AWS's side: events with a time of delivery, two on a page, the newest first. */
class Trail {
  readonly asked: { readonly from: number; readonly to: number }[] = [];
  now = START + 24 * HOUR_MS;
  readonly events: { readonly id: string; readonly at: number; readonly deliveredAt: number }[] = [];
  readonly sender: Sender = { send: (command) => Promise.resolve(this.#answer(command.input as never) as never) };
  /** How long a page takes. */
  pageMs = 0;

  add(id: string, at: number, deliveredAt = at): void {
    this.events.push({ id, at, deliveredAt });
  }

  #answer({ StartTime, EndTime, NextToken }: { StartTime: Date; EndTime: Date; NextToken?: string }): object {
    const [from, to] = [StartTime.getTime(), EndTime.getTime()];
    this.asked.push({ from, to });
    this.now += this.pageMs;
    const shown = this.events
      .filter(({ at, deliveredAt }) => at >= from && at <= to && deliveredAt <= this.now)
      .sort((one, other) => other.at - one.at);
    const first = Number(NextToken ?? 0);
    const page = shown.slice(first, first + 2);
    return {
      Events: page.map(({ id, at }) => ({ EventId: id, EventTime: new Date(at), CloudTrailEvent: "{}" })),
      ...(first + 2 < shown.length ? { NextToken: String(first + 2) } : {}),
    };
  }
}

function fixture() {
  const trail = new Trail();
  const pages = openSqlite(":memory:");
  const read = (more: Partial<HistoryQuery> = {}, deadline = Infinity) =>
    readEvents(
      { cloudtrail: trail.sender, pages, now: () => trail.now, deadline, signal: new AbortController().signal },
      {
        account: "111122223333",
        region: "eu-central-1",
        attribute: "EventName",
        value: "RunInstances",
        from: START,
        readSince: trail.now,
        ...more,
      },
    );
  return { trail, read };
}

const ids = ({ events }: { readonly events: readonly { readonly id: string | null }[] }) => events.map(({ id }) => id);

describe("the reader of the event history", () => {
  it("reads all pages once, and asks nothing while the pass is fresh", async () => {
    const { trail, read } = fixture();
    for (const hour of [1, 2, 3, 4, 5]) trail.add(`e${hour}`, START + hour * HOUR_MS);
    const reading = await read();
    expect(ids(reading)).toEqual(["e1", "e2", "e3", "e4", "e5"]);
    expect(reading).toMatchObject({ readAt: START + 24 * HOUR_MS, goesOn: false, gap: null });
    expect(trail.asked).toHaveLength(3);
    expect(ids(await read())).toEqual(["e1", "e2", "e3", "e4", "e5"]);
    expect(trail.asked).toHaveLength(3);
  });

  it("reads the last two hours again, and finds what came late", async () => {
    const { trail, read } = fixture();
    await read();
    trail.add("late", START + 23 * HOUR_MS, START + 25 * HOUR_MS);
    trail.now += HOUR_MS;
    expect(ids(await read({ readSince: trail.now }))).toEqual(["late"]);
    expect(trail.asked[1]).toEqual({ from: START + 22 * HOUR_MS, to: START + 25 * HOUR_MS });
  });

  it("stops at its deadline, says so, and goes on there", async () => {
    const { trail, read } = fixture();
    for (const hour of [1, 2, 3, 4, 5]) trail.add(`e${hour}`, START + hour * HOUR_MS);
    const begun = trail.now;
    trail.pageMs = 1000;
    expect(await read({}, begun + 1000)).toMatchObject({ readAt: null, goesOn: true });
    const second = await read({ readSince: begun });
    expect(ids(second)).toEqual(["e1", "e2", "e3", "e4", "e5"]);
    expect(second).toMatchObject({ readAt: begun, goesOn: false });
    expect(trail.asked[1]?.to).toBeLessThan(START + 5 * HOUR_MS);
  });

  it("says that a list without end is a gap", async () => {
    const { trail, read } = fixture();
    for (let count = 0; count < 300; count++) trail.add(`e${count}`, START + count * 60_000);
    expect(await read()).toMatchObject({
      readAt: null,
      goesOn: false,
      gap: "there are more than 100 pages of events with EventName RunInstances",
    });
    expect(trail.asked).toHaveLength(100);
  });

  it("asks once for two who want the same at the same time", async () => {
    const { trail, read } = fixture();
    trail.add("e1", START + HOUR_MS);
    const both = await Promise.all([read(), read()]);
    expect(both.map(ids)).toEqual([["e1"], ["e1"]]);
    expect(trail.asked).toHaveLength(1);
  });
});
