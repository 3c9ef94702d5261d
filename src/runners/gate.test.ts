import { expect, test } from "vitest";
import { Gate } from "./gate.ts";

test("so many begin at once, and the others when one has ended, in the order in which they came", async () => {
  const gate = new Gate();
  const begun: number[] = [];
  for (let index = 0; index < 200; index++) {
    const turn = gate.enter("plan");
    if (turn === null) begun.push(index);
    else void turn.then(() => begun.push(index));
  }
  expect(begun).toHaveLength(120);
  gate.leave("plan");
  gate.leave("plan");
  await Promise.resolve();
  expect(begun.slice(120)).toEqual([120, 121]);
  for (let index = 0; index < 198; index++) gate.leave("plan");
  await Promise.resolve();
  expect(begun).toHaveLength(200);
  expect(begun.at(-1)).toBe(199);
  expect(Array.from({ length: 121 }, () => gate.enter("plan")).filter((turn) => turn === null)).toHaveLength(120);
});

test("acts of another kind do not wait", () => {
  const gate = new Gate();
  for (let index = 0; index < 130; index++) void gate.enter("plan");
  expect(gate.enter("assess")).toBeNull();
});
