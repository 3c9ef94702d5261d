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
      await limiter.take(turn, never);
      return (clock.now() - START) / 1000;
    });
    await meanwhile?.(limiter, clock);
    return Promise.all(all);
  });
}

const times = <T>(count: number, of: T): readonly T[] => Array.from({ length: count }, () => of);

describe("calls within AWS's limits", () => {
  test("a burst goes at once, and the rest as fast as AWS's bucket fills", async () => {
    const at = await turnsOf(times(1000, seal()));
    expect(at[99]).toBe(0);
    expect(at[100]).toBeCloseTo(0.2, 2);
    expect(at[999]).toBeCloseTo(180, 0); // (1000 - 100) / 5 a second
  });

  test("reads have a bucket of their own, and so has each account and Region", async () => {
    const at = await turnsOf([
      ...times(100, seal()),
      ...times(100, seal({ operation: "DescribeNetworkInterfaces" })),
      ...times(100, seal({ account: "444455556666" })),
      ...times(100, seal({ region: "us-east-1" })),
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
    await Promise.all(times(100, seal()).map((turn) => limiter.take(turn, never)));
    const late = ["rest", "evidence", "seal", "protection", "containment", "seal"] as const;
    await Promise.all(
      late.map(async (urgency) => {
        await limiter.take(seal({ urgency }), never);
        order.push(urgency);
      }),
    );
  });
  expect(order).toEqual(["seal", "seal", "containment", "protection", "evidence", "rest"]);
});

test("who is called off gives up its turn, and holds nobody up", async () => {
  const clock = new SimulatedClock(START);
  const limiter = localLimiter(clock);
  const off = new AbortController();
  await clock.run(async () => {
    await Promise.all(times(100, seal()).map((turn) => limiter.take(turn, never)));
    const first = limiter.take(seal(), off.signal);
    const second = limiter.take(seal(), never);
    off.abort(new Error("the process ends"));
    await expect(first).rejects.toThrow("the process ends");
    await second;
    expect((clock.now() - START) / 1000).toBeCloseTo(0.2, 2);
    await expect(limiter.take(seal(), off.signal)).rejects.toThrow("the process ends");
  });
});

describe("after an answer that says too many", () => {
  test("the rate is halved, and is whole again after a minute", async () => {
    const clock = new SimulatedClock(START);
    const limiter = localLimiter(clock);
    await clock.run(async () => {
      limiter.throttled(seal());
      await limiter.take(seal(), never);
      expect((clock.now() - START) / 1000).toBeCloseTo(0.4, 1); // 2.5 a second, of 5.
      await clock.sleep(120_000);
      const from = clock.now();
      await Promise.all(times(200, seal()).map((turn) => limiter.take(turn, never)));
      expect((clock.now() - from) / 1000).toBeCloseTo(20, 0); // The burst of 100, then 5 a second.
    });
  });

  test("an API without a published limit is held back from then on", async () => {
    const policy = seal({ service: "iam", operation: "PutRolePolicy" });
    const at = await turnsOf([], async (limiter, clock) => {
      limiter.throttled(policy);
      await Promise.all(times(10, policy).map((turn) => limiter.take(turn, never)));
      expect(clock.now()).toBeGreaterThan(START + 1000);
    });
    expect(at).toEqual([]);
  });
});
