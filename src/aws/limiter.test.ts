import { describe, expect, test } from "vitest";
import { SimulatedClock } from "../core/clock.ts";
import type { Urgency } from "../core/urgency.ts";
import { type Limiter, localLimiter, type Turn } from "./limiter.ts";

const START = 1_768_478_400_000;
const never = new AbortController().signal;
const seal = (more: Partial<Turn> = {}): Turn => ({
  account: "111122223333",
  region: "eu-central-1",
  service: "ec2",
  operation: "ModifyNetworkInterfaceAttribute",
  urgency: "seal",
  ...more,
});

/** When each of so many calls may go, in seconds after the first. */
async function turnsOf(
  turns: readonly Turn[],
  meanwhile?: (limiter: Limiter, clock: SimulatedClock) => Promise<void>,
): Promise<readonly number[]> {
  const clock = new SimulatedClock(START);
  const limiter = localLimiter(clock);
  return clock.run(async () => {
    const all = turns.map(async (turn) => {
      await limiter.take(turn, null, never);
      return (clock.now() - START) / 1000;
    });
    await meanwhile?.(limiter, clock);
    return Promise.all(all);
  });
}

/** AWS's own bucket, from which somebody else draws so many tokens a second, behind a network that takes its time. */
function awsBucket(options: { readonly foreignPerSecond: number; readonly jitterMs: number }, clock: SimulatedClock) {
  let drawn = 1;
  const random = (): number => (drawn = (drawn * 48_271) % 2_147_483_647) / 2_147_483_647;
  const perMs = (5 - options.foreignPerSecond) / 1000;
  let [tokens, at] = [100, clock.now()];
  return async (): Promise<boolean> => {
    await clock.sleep(20 + random() * options.jitterMs);
    tokens = Math.min(100, tokens + (clock.now() - at) * perMs);
    at = clock.now();
    const isAllowed = tokens >= 1;
    if (isAllowed) tokens -= 1;
    await clock.sleep(20);
    return isAllowed;
  };
}

/** Sends so many calls as the clients do, each until AWS lets it through. */
async function sendAll(count: number, options: Parameters<typeof awsBucket>[0] & { readonly afterMs?: number }) {
  const clock = new SimulatedClock(START);
  const limiter = localLimiter(clock);
  const answered: number[] = [];
  let refused = 0;
  await clock.run(async () => {
    const aws = awsBucket(options, clock);
    const send = async (index: number): Promise<void> => {
      let place = await limiter.take(seal(), null, never);
      while (!(await aws())) {
        refused += 1;
        limiter.throttled(seal(), place);
        place = await limiter.take(seal(), place, never);
      }
      answered[index] = clock.now() - START;
    };
    await Promise.all(Array.from({ length: count }, (_, index) => send(index)));
  });
  return { answered, refused, seconds: (clock.now() - START) / 1000 };
}

const times = <T>(count: number, of: T): readonly T[] => Array.from({ length: count }, () => of);

describe("calls within AWS's limits", () => {
  test("a burst goes at once, and the rest as fast as AWS's bucket fills", async () => {
    const at = await turnsOf(times(1000, seal()));
    expect(at[97]).toBe(0);
    expect(at[98]).toBeCloseTo(0.2, 2); // Two of the hundred are left alone.
    expect(at[999]).toBeCloseTo(180.4, 1); // (1000 - 98) / 5 a second
  });

  test("reads have a bucket of their own, and so has each account and Region", async () => {
    const at = await turnsOf([
      ...times(98, seal()),
      ...times(98, seal({ operation: "DescribeNetworkInterfaces" })),
      ...times(98, seal({ account: "444455556666" })),
      ...times(98, seal({ region: "us-east-1" })),
    ]);
    expect(Math.max(...at)).toBe(0);
  });

  test("an API without a published limit is not held back", async () => {
    expect(Math.max(...(await turnsOf(times(5000, seal({ service: "iam", operation: "PutRolePolicy" })))))).toBe(0);
  });
});

test("who is more urgent goes first, whoever came first", async () => {
  const order: Urgency[] = [];
  const clock = new SimulatedClock(START);
  const limiter = localLimiter(clock);
  await clock.run(async () => {
    await Promise.all(times(98, seal()).map((turn) => limiter.take(turn, null, never)));
    const late = ["rest", "evidence", "proof", "seal", "protection", "containment", "seal"] as const;
    await Promise.all(
      late.map(async (urgency) => {
        await limiter.take(seal({ urgency }), null, never);
        order.push(urgency);
      }),
    );
  });
  expect(order).toEqual(["seal", "seal", "containment", "protection", "proof", "evidence", "rest"]);
});

describe("a lookup into the event history", () => {
  const lookup = (urgency: Urgency, account = "111122223333"): Turn =>
    seal({ account, service: "cloudtrail", operation: "LookupEvents", urgency });

  test("waits for the last waiting cut of its account, and for no other account's", async () => {
    // 98 go at once, the others at five a second: the last of 108 at 2 s.
    const at = await turnsOf([...times(108, seal()), lookup("proof"), lookup("proof", "444455556666")]);
    expect(Math.max(...at.slice(0, 108))).toBeCloseTo(2, 0);
    expect(at[108]).toBeGreaterThanOrEqual(Math.max(...at.slice(0, 108)));
    expect(at[109]).toBeLessThan(0.1);
  });

  test("for a proof goes before one for evidence", async () => {
    const order: Urgency[] = [];
    const clock = new SimulatedClock(START);
    const limiter = localLimiter(clock);
    await clock.run(() =>
      Promise.all(
        (["evidence", "evidence", "evidence", "proof", "proof"] as const).map(async (urgency) => {
          await limiter.take(lookup(urgency), null, never);
          order.push(urgency);
        }),
      ),
    );
    expect(order).toEqual(["proof", "proof", "evidence", "evidence", "evidence"]);
  });

  test("that is called off while it waits for a cut ends with the reason", async () => {
    const clock = new SimulatedClock(START);
    const limiter = localLimiter(clock);
    const calledOff = new AbortController();
    await clock.run(async () => {
      const seals = times(108, seal()).map((turn) => limiter.take(turn, null, never));
      const waiting = limiter.take(lookup("proof"), null, calledOff.signal);
      const outcome = waiting.then(
        () => "went",
        (reason: unknown) => reason,
      );
      calledOff.abort(new Error("called off"));
      expect(await outcome).toEqual(new Error("called off"));
      await Promise.all(seals);
    });
  });
});

test("more seals are expected where some have come, and the others leave most of the burst to them", async () => {
  const clock = new SimulatedClock(START);
  const limiter = localLimiter(clock);
  const wentAt = async (urgency: Urgency): Promise<number> => {
    await limiter.take(seal({ urgency }), null, never);
    return (clock.now() - START) / 1000;
  };
  await clock.run(async () => {
    await Promise.all(times(10, "seal" as const).map(wentAt));
    const timers = Promise.all(times(40, "containment" as const).map(wentAt));
    await clock.sleep(1);
    expect(Math.max(...(await Promise.all(times(40, "seal" as const).map(wentAt))))).toBe(0.001);
    const at = await timers;
    expect(at.filter((time) => time === 0)).toHaveLength(40); // 98 less 10, and 40 for those to come.
    const more = await Promise.all(times(40, "containment" as const).map(wentAt));
    expect(Math.min(...more)).toBeGreaterThan(9); // Until none has come for ten seconds.
  });
});

test("of what is asked for at the same instant, seals go first though they ask last", async () => {
  const clock = new SimulatedClock(START);
  const limiter = localLimiter(clock);
  await clock.run(async () => {
    const timers = times(98, seal({ urgency: "containment" })).map((turn) => limiter.take(turn, null, never));
    await Promise.all(times(98, seal()).map((turn) => limiter.take(turn, null, never)));
    expect(clock.now()).toBe(START);
    await Promise.all(timers);
    expect(clock.now()).toBeGreaterThan(START + 19_000);
  });
});

test("who is called off gives up its turn, and holds nobody up", async () => {
  const clock = new SimulatedClock(START);
  const limiter = localLimiter(clock);
  const off = new AbortController();
  await clock.run(async () => {
    await Promise.all(times(98, seal()).map((turn) => limiter.take(turn, null, never)));
    const first = limiter.take(seal(), null, off.signal);
    const second = limiter.take(seal(), null, never);
    off.abort(new Error("the process ends"));
    await expect(first).rejects.toThrow("the process ends");
    await second;
    expect((clock.now() - START) / 1000).toBeCloseTo(0.2, 2);
    await expect(limiter.take(seal(), null, off.signal)).rejects.toThrow("the process ends");
  });
});

describe("after an answer that says too many", () => {
  test("the rate is halved, and is whole again after a minute", async () => {
    const clock = new SimulatedClock(START);
    const limiter = localLimiter(clock);
    await clock.run(async () => {
      limiter.throttled(seal(), await limiter.take(seal(), null, never));
      await limiter.take(seal(), null, never);
      expect((clock.now() - START) / 1000).toBeCloseTo(0.4, 1); // 2.5 a second, of 5.
      await clock.sleep(120_000);
      const from = clock.now();
      await Promise.all(times(200, seal()).map((turn) => limiter.take(turn, null, never)));
      expect((clock.now() - from) / 1000).toBeCloseTo(20.4, 1); // The burst, then 5 a second.
    });
  });

  test("an API without a published limit is held back from then on", async () => {
    const policy = seal({ service: "iam", operation: "PutRolePolicy" });
    const at = await turnsOf([], async (limiter, clock) => {
      limiter.throttled(policy, await limiter.take(policy, null, never));
      await Promise.all(times(10, policy).map((turn) => limiter.take(turn, null, never)));
      expect(clock.now()).toBeGreaterThan(START + 1000);
    });
    expect(at).toEqual([]);
  });
});

describe("a thousand calls, and somebody else in the account", () => {
  test("nobody else: none is refused, and the last goes when AWS's bucket allows it", async () => {
    const { refused, seconds } = await sendAll(1000, { foreignPerSecond: 0, jitterMs: 0 });
    expect(refused).toBe(0);
    expect(seconds / 180).toBeLessThan(1.01);
  });

  test("answers that take their time refuse nobody", async () => {
    const { refused, seconds } = await sendAll(1000, { foreignPerSecond: 0, jitterMs: 100 });
    expect(refused).toBe(0);
    expect(seconds / 180).toBeLessThan(1.01);
  });

  test.each([
    [1, 0, 225],
    [2.5, 0, 360],
    [2.5, 100, 360],
    [3, 0, 450],
  ])(
    "one who takes %s a second (jitter %s ms) costs little beyond that, and few calls are refused",
    async (foreignPerSecond, jitterMs, bound) => {
      const { refused, seconds } = await sendAll(1000, { foreignPerSecond, jitterMs });
      expect(refused).toBeLessThanOrEqual(10);
      expect(seconds / bound).toBeLessThan(1.05);
    },
  );

  test("a call that was refused goes before those that came after it", async () => {
    const { answered } = await sendAll(300, { foreignPerSecond: 2.5, jitterMs: 0 });
    expect(answered.toSorted((left, right) => left - right)).toEqual(answered);
  });
});
