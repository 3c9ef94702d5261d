import { describe, expect, it } from "vitest";
import type { Clock } from "../../src/core/clock.ts";
import { HeldLease, isOvertaken, takeLease } from "../../src/engine/held-lease.ts";
import { openSqlite } from "../../src/store/sqlite.ts";

/** A clock whose two hands are moved apart. */
class TwoHands implements Clock {
  wall = 1_000_000;
  steady = 0;
  now = (): number => this.wall;
  monotonic = (): number => this.steady;
  sleep = (): Promise<void> => Promise.resolve();
  hold = () => () => {};
  pass(ms: number): void {
    this.wall += ms;
    this.steady += ms;
  }
}

async function withLease(
  check: (lease: HeldLease, clock: TwoHands, renewals: () => number, takeOver: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const store = openSqlite(":memory:");
  const clock = new TwoHands();
  let writes = 0;
  const lease = store.lease.bind(store);
  store.lease = (...args) => {
    writes += 1;
    return lease(...args);
  };
  try {
    const held = await takeLease({ store, clock, owner: "one", name: "case-1" });
    if (!(held instanceof HeldLease)) throw new TypeError("nobody else has it");
    writes = 0;
    await check(
      held,
      clock,
      () => writes,
      async () => {
        const other = await takeLease({ store, clock, owner: "other", name: "case-1" });
        if (!(other instanceof HeldLease)) throw new TypeError("the lease had run out");
        await other.giveBack();
      },
    );
  } finally {
    store.close();
  }
}

const isLost = (work: Promise<void>): Promise<boolean> => work.then(() => false, isOvertaken);

describe("a lease before a changing call", () => {
  it("is not renewed when it was a moment ago", () =>
    withLease(async (held, clock, renewals) => {
      clock.pass(4000);
      await held.demand();
      expect(renewals()).toBe(0);
    }));

  it.each([
    ["both clocks", 6000, 6000],
    ["the wall clock alone", 6000, 0],
    ["the monotonic clock alone", 0, 6000],
    ["a wall clock that was set back", -3_600_000, 100],
    ["a machine that slept for three seconds", 3000, 0],
  ])("is renewed when its age is unsure by %s", (_, wall, steady) =>
    withLease(async (held, clock, renewals) => {
      clock.wall += wall;
      clock.steady += steady;
      await held.demand();
      expect(renewals()).toBe(1);
    }),
  );

  it("is lost to who has it now", () =>
    withLease(async (held, clock, _, takeOver) => {
      clock.pass(31_000);
      await takeOver();
      expect(await isLost(held.demand())).toBe(true);
      expect(held.isLost).toBe(true);
    }));

  it("stays lost though nobody has it any more: somebody had it meanwhile", () =>
    withLease(async (held, clock, _, takeOver) => {
      clock.pass(31_000);
      await takeOver(); // And gave it back.
      expect(await isLost(held.renew())).toBe(true);
      clock.pass(60_000);
      expect(await isLost(held.demand())).toBe(true);
    }));
});
