import { expect, test } from "vitest";
import { Gate } from "./gate.ts";

/** Enters so often, and notes who began. */
function crowd(gate: Gate, place: string, count: number): number[] {
  const begun: number[] = [];
  for (let index = 0; index < count; index++) {
    const turn = gate.enter("plan", place);
    if (turn === null) begun.push(index);
    else void turn.then(() => begun.push(index));
  }
  return begun;
}

test("so many begin at once, and the others when one has ended, in the order in which they came", async () => {
  const gate = new Gate();
  const begun = crowd(gate, "a", 200);
  expect(begun).toHaveLength(120);
  gate.leave("plan", "a");
  gate.leave("plan", "a");
  await Promise.resolve();
  expect(begun.slice(120)).toEqual([120, 121]);
  for (let index = 0; index < 198; index++) gate.leave("plan", "a");
  await Promise.resolve();
  expect(begun).toHaveLength(200);
  expect(begun.at(-1)).toBe(199);
  expect(crowd(gate, "a", 121)).toHaveLength(120);
});

test("acts of another kind do not wait", () => {
  const gate = new Gate();
  crowd(gate, "a", 130);
  expect(gate.enter("assess", "a")).toBeNull();
});

test("all places together have 360 under way, and the one with the fewest goes on next", async () => {
  const gate = new Gate();
  const [a, b, c, d] = ["a", "b", "c", "d"].map((place) => crowd(gate, place, 130)) as [
    number[],
    number[],
    number[],
    number[],
  ];
  expect([a.length, b.length, c.length, d.length]).toEqual([120, 120, 120, 0]);
  gate.leave("plan", "a");
  gate.leave("plan", "b");
  await Promise.resolve();
  expect([a.length, b.length, c.length, d.length]).toEqual([120, 120, 120, 2]);
  for (let index = 0; index < 358; index++) gate.leave("plan", ["a", "b", "c", "d"][index % 4] as string);
  await Promise.resolve();
  expect([a.length, b.length, c.length, d.length]).toEqual([130, 130, 130, 130]);
});
