import { expect, test } from "vitest";
import { SimulatedClock, systemClock } from "./clock.ts";

test("sleepers wake in order of time, and at the same instant in the order in which they lay down", async () => {
  const clock = new SimulatedClock(1000);
  const woken: string[] = [];
  const sleeper = async (name: string, ms: number): Promise<void> => {
    await clock.sleep(ms);
    woken.push(`${name} ${clock.now()}`);
  };
  await clock.run(async () => {
    await Promise.all([
      sleeper("late", 50),
      sleeper("first", 20),
      sleeper("second", 20),
      sleeper("now", 0),
      sleeper("negative", -5),
    ]);
  });
  expect(woken).toEqual(["now 1000", "negative 1000", "first 1020", "second 1020", "late 1050"]);
});

test("one sleeper runs until it waits again before the next of the same instant wakes", async () => {
  const clock = new SimulatedClock(0);
  const history: string[] = [];
  const worker = async (name: string): Promise<void> => {
    await clock.sleep(10);
    history.push(`${name} begins`);
    for (let turns = 0; turns < 50; turns++) await Promise.resolve();
    history.push(`${name} ends`);
  };
  await clock.run(() => Promise.all([worker("a"), worker("b")]));
  expect(history).toEqual(["a begins", "a ends", "b begins", "b ends"]);
});

test("time stands still while work is held, though the event loop turns", async () => {
  const clock = new SimulatedClock(0);
  let during = -1;
  await clock.run(async () => {
    const sleeping = clock.sleep(60_000);
    const letGo = clock.hold();
    await new Promise((resolve) => setTimeout(resolve, 20));
    during = clock.now();
    letGo();
    letGo(); // A second call changes nothing.
    await sleeping;
  });
  expect(during).toBe(0);
  expect(clock.now()).toBe(60_000);
});

test("a sleep that is called off rejects with the signal's reason and moves no time", async () => {
  const clock = new SimulatedClock(0);
  const calledOff = new AbortController();
  const outcome = await clock.run(async () => {
    const sleeping = clock.sleep(1_000_000, calledOff.signal).catch((error: unknown) => String(error));
    await clock.sleep(5);
    calledOff.abort(new Error("woken"));
    return sleeping;
  });
  expect(outcome).toBe("Error: woken");
  expect(clock.now()).toBe(5);
});

test("a signal that was aborted before rejects at once", async () => {
  for (const clock of [new SimulatedClock(0), systemClock]) {
    await expect(clock.sleep(1, AbortSignal.abort(new Error("over")))).rejects.toThrow("over");
  }
});

test("a sleep longer than a timer of the machine can take does not end at once", async () => {
  const calledOff = new AbortController();
  const sleeping = systemClock.sleep(30 * 86_400_000, calledOff.signal).then(
    () => "ended",
    (error: unknown) => String(error),
  );
  const first = await Promise.race([sleeping, systemClock.sleep(50).then(() => "asleep")]);
  calledOff.abort(new Error("called off"));
  expect([first, await sleeping]).toEqual(["asleep", "Error: called off"]);
});

test("a program that waits for what no event will bring is reported as a deadlock", async () => {
  const clock = new SimulatedClock(0);
  await expect(clock.run(() => new Promise<never>(() => {}))).rejects.toThrow("simulated time stands still");
});

test("the program's result and its failure are the run's", async () => {
  expect(await new SimulatedClock(0).run(async () => 7)).toBe(7);
  await expect(
    new SimulatedClock(0).run(async () => {
      throw new RangeError("broken");
    }),
  ).rejects.toThrow("broken");
});

test("with a speed, simulated time keeps pace with real time", async () => {
  const clock = new SimulatedClock(0, { speed: 100 });
  const begun = systemClock.now();
  await clock.run(() => clock.sleep(5000));
  expect(clock.now()).toBe(5000);
  expect(systemClock.now() - begun).toBeGreaterThanOrEqual(45);
});
