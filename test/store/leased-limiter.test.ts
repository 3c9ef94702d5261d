import { setMaxListeners } from "node:events";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type LeasedLimiter, leasedLimiter } from "../../src/aws/limiter.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import type { SliceStore } from "../../src/core/store.ts";
import type { Urgency } from "../../src/core/urgency.ts";
import { openSqlite } from "../../src/store/sqlite.ts";

const START = 1_768_478_400_000;
const RUNS = 25;
const SEED = 20_260_402;

/** Of ModifyNetworkInterfaceAttribute: two of AWS's hundred are left alone. */
const MOST = 98;
const PER_SECOND = 5;
/** What each life of a process may send before the store has answered. */
const ALLOWANCE = 5;

interface Sent {
  readonly process: number;
  readonly urgency: Urgency;
  readonly at: number;
}

/** One life of Cordon's process: when it dies, nothing comes back from it and nothing goes to it. */
class Process {
  readonly #limiter: LeasedLimiter;
  readonly #life = new AbortController();
  readonly #sent: Sent[];
  readonly #clock: SimulatedClock;
  readonly #index: number;

  constructor(world: World, index: number, store: SliceStore = world.store) {
    setMaxListeners(0, this.#life.signal); // Each call listens once.
    this.#sent = world.sent;
    this.#clock = world.clock;
    this.#index = index;
    const mortal: SliceStore = {
      leaseSlice: async (request) => {
        const slice = await store.leaseSlice(request);
        return this.#life.signal.aborted ? new Promise(() => {}) : slice;
      },
    };
    this.#limiter = leasedLimiter({ clock: world.clock, store: mortal, owner: `process ${index}`, place: "aws" });
  }

  async send(urgency: Urgency): Promise<number> {
    const turn = { account: "1", region: "r", service: "ec2", operation: "ModifyNetworkInterfaceAttribute", urgency };
    await this.#limiter.take(turn, null, this.#life.signal);
    const at = this.#clock.now();
    this.#sent.push({ process: this.#index, urgency, at });
    return at - START;
  }

  sendAll(urgency: Urgency, count: number): Promise<readonly number[]> {
    return Promise.all(Array.from({ length: count }, () => this.send(urgency)));
  }

  kill(): void {
    this.#life.abort(new Error("killed"));
  }

  close(): Promise<void> {
    return this.#limiter.close();
  }
}

interface World {
  readonly clock: SimulatedClock;
  readonly store: SliceStore;
  readonly sent: Sent[];
}

async function inWorld<T>(play: (world: World) => Promise<T>): Promise<T> {
  const clock = new SimulatedClock(START);
  const store = openSqlite(":memory:", { hold: () => clock.hold() });
  try {
    return await clock.run(() => play({ clock, store, sent: [] }));
  } finally {
    store.close();
  }
}

/** How far the calls went beyond a bucket of this size, at the worst of all windows. */
function beyond(sent: readonly Sent[], most: number): number {
  let [tokens, at, worst] = [most, START, 0];
  for (const call of sent.toSorted((left, right) => left.at - right.at)) {
    tokens = Math.min(most, tokens + ((call.at - at) * PER_SECOND) / 1000) - 1;
    at = call.at;
    worst = Math.max(worst, -tokens);
  }
  return worst;
}

const arrivals = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 0, max: 30_000 }),
    count: fc.integer({ min: 1, max: 80 }),
    urgency: fc.constantFrom<Urgency>("seal", "containment", "protection", "proof", "evidence", "rest"),
  }),
  { minLength: 1, maxLength: 6 },
);

const life = fc.record({
  arrivals,
  /** kill -9, in simulated milliseconds; another life follows. */
  killedAfterMs: fc.option(fc.integer({ min: 1, max: 40_000 })),
});

type Life = typeof life extends fc.Arbitrary<infer Value> ? Value : never;

async function live(world: World, index: number, { arrivals: batches, killedAfterMs }: Life): Promise<number> {
  const one = new Process(world, index);
  const died = new AbortController();
  const work = batches.map(async ({ afterMs, count, urgency }) => {
    await world.clock.sleep(afterMs, died.signal);
    return (await one.sendAll(urgency, count)).length;
  });
  const all = Promise.allSettled(work);
  if (killedAfterMs !== null) {
    await world.clock.sleep(killedAfterMs);
    died.abort(new Error("killed"));
    one.kill();
  }
  const ended = await all;
  if (killedAfterMs === null) await one.close();
  return ended.filter(({ status }) => status === "rejected").length;
}

describe("processes that share a store", () => {
  test(
    "never send more than AWS's bucket has and the few that a killed process never settled, whenever they come, go and die",
    { timeout: 300_000 },
    () =>
      fc.assert(
        fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 5 }), (lives) =>
          inWorld(async (world) => {
            const failed = await Promise.all(lives.map((each, index) => live(world, index, each)));
            expect(beyond(world.sent, MOST + ALLOWANCE * lives.length)).toBe(0);
            // Whoever was not killed sent everything.
            expect(failed.filter((count, index) => count > 0 && lives[index]?.killedAfterMs === null)).toEqual([]);
          }),
        ),
        { numRuns: RUNS, seed: SEED },
      ),
  );

  test("one alone has 98 of a hundred calls of the bucket, and its burst at once", () =>
    inWorld(async (world) => {
      const one = new Process(world, 0);
      const at = (await one.sendAll("seal", 1000)).toSorted((left, right) => left - right);
      expect(at[4]).toBe(0);
      expect(at[5]).toBeLessThanOrEqual(100); // Others might come at the same moment.
      expect(at[96]).toBe(100);
      const bound = ((1000 - MOST) / PER_SECOND) * 1000;
      expect(bound / (at[999] ?? Infinity)).toBeGreaterThan(0.98);
      expect(beyond(world.sent, MOST + ALLOWANCE)).toBe(0);
    }));

  test("of two that want as much, each has 45 of a hundred calls and more, from the first second on", () =>
    inWorld(async (world) => {
      const both = [new Process(world, 0), new Process(world, 1)];
      await Promise.all(both.map((one) => one.sendAll("seal", 500)));
      for (const until of [10_000, 60_000, 150_000]) {
        const sent = world.sent.filter(({ at }) => at - START <= until);
        const first = sent.filter(({ process }) => process === 0).length / sent.length;
        expect(first).toBeGreaterThan(0.45);
        expect(first).toBeLessThan(0.55);
      }
      const last = Math.max(...world.sent.map(({ at }) => at)) - START;
      expect(last / (((1000 - MOST) / PER_SECOND) * 1000)).toBeLessThan(1.02);
    }));

  test("five share it as well, and one that comes late has its part within a second or two", () =>
    inWorld(async (world) => {
      const four = [0, 1, 2, 3].map((index) => new Process(world, index));
      const busy = Promise.all(four.map((one) => one.sendAll("evidence", 100)));
      await world.clock.sleep(20_000);
      const late = await new Process(world, 4).sendAll("evidence", 5);
      expect(Math.max(...late) - 20_000).toBeLessThan(6000); // 5 of 25 that go in that time.
      await busy;
    }));

  test("what one left behind that was killed comes back when its slice ends", () =>
    inWorld(async (world) => {
      const dead = new Process(world, 0);
      const unsent = dead.sendAll("evidence", 500).catch(() => {});
      await world.clock.sleep(1000);
      dead.kill();
      await unsent;
      const from = world.clock.now();
      const at = await new Process(world, 1).sendAll("evidence", 100);
      expect((Math.max(...at) - (from - START)) / 1000).toBeLessThan(100 / PER_SECOND + 4);
    }));

  test("the urgent go first in each, and what is given back is there for the other", () =>
    inWorld(async (world) => {
      const one = new Process(world, 0);
      await one.sendAll("seal", 98);
      const order: Urgency[] = [];
      const late = ["rest", "evidence", "proof", "seal", "protection", "containment", "seal"] as const;
      await Promise.all(late.map(async (urgency) => void (await one.send(urgency), order.push(urgency))));
      expect(order).toEqual(["seal", "seal", "containment", "protection", "proof", "evidence", "rest"]);
      await world.clock.sleep(30_000); // Idle, it holds nothing.
      const from = world.clock.now() - START;
      expect(Math.max(...(await new Process(world, 1).sendAll("seal", 98))) - from).toBeLessThan(500);
    }));
});

test("a process that sends nothing for a second gives back what it held", () =>
  inWorld(async (world) => {
    const one = new Process(world, 0);
    await one.send("evidence");
    await world.clock.sleep(2200); // Its slice would last longer.
    const request = { key: "aws 1 r ec2:ModifyNetworkInterfaceAttribute", owner: "another", most: MOST, perSecond: 0 };
    const now = world.clock.now();
    const all = { ...request, owed: 0, want: 1000, weight: 1, now, until: now + 3000 };
    const { tokens } = await world.store.leaseSlice({ ...all, left: 0 });
    expect((await world.store.leaseSlice({ ...all, left: tokens })).tokens).toBeGreaterThan(MOST - 1.5);
  }));

describe("a store that does not answer", () => {
  const silent: SliceStore = { leaseSlice: () => new Promise(() => {}) };
  const broken: SliceStore = { leaseSlice: () => Promise.reject(new Error("disk I/O error")) };

  test.each([
    ["hangs", silent],
    ["fails", broken],
  ])("and %s holds up no call that cuts an instance off: five at once, and five more every two seconds", (_, store) =>
    inWorld(async (world) => {
      const one = new Process(world, 0, store);
      const at = await one.sendAll("containment", 20);
      expect(at.map((ms) => Math.round(ms / 1000)).toSorted((left, right) => left - right)).toEqual(
        [0, 2, 4, 6].flatMap((second) => Array.from({ length: 5 }, () => second)),
      );
    }),
  );

  test("keeps nobody's slice alive: what was leased before is used in its time or not at all", () =>
    inWorld(async (world) => {
      let isSilent = false;
      const falling: SliceStore = {
        leaseSlice: (request) => (isSilent ? silent : world.store).leaseSlice(request),
      };
      const one = new Process(world, 0, falling);
      await one.send("rest");
      isSilent = true; // It holds some ready, and nobody will renew them.
      await world.clock.sleep(500);
      await one.send("rest");
      await world.clock.sleep(3000);
      void one.send("rest").catch(() => {});
      await world.clock.sleep(20_000);
      expect(world.sent).toHaveLength(2);
      one.kill();
    }));

  test("and comes back settles what went without it", () =>
    inWorld(async (world) => {
      let isGone = true;
      const flaky: SliceStore = {
        leaseSlice: (request) => (isGone ? broken : world.store).leaseSlice(request),
      };
      const one = new Process(world, 0, flaky);
      await one.sendAll("seal", 15);
      isGone = false;
      await one.sendAll("seal", 200);
      expect(beyond(world.sent, MOST + ALLOWANCE)).toBe(0);
    }));
});
