import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { childSignal } from "./abort.ts";

test("a child is aborted with its parent, for the same reason", () => {
  const parent = new AbortController();
  const child = childSignal(parent.signal);
  expect(child.signal.aborted).toBe(false);
  const reason = new Error("the process ends");
  parent.abort(reason);
  expect(child.signal.aborted).toBe(true);
  expect(child.signal.reason).toBe(reason);
  expect(childSignal(parent.signal).signal.reason).toBe(reason);
});

test("a child that is aborted leaves its parent as it is", () => {
  const parent = new AbortController();
  const child = childSignal(parent.signal);
  child.abort(new Error("too late"));
  expect(child.signal.aborted).toBe(true);
  expect(parent.signal.aborted).toBe(false);
});

test("a child that has ended leaves nothing behind on its parent", () => {
  const parent = new AbortController();
  const children = Array.from({ length: 100 }, () => childSignal(parent.signal));
  expect(getEventListeners(parent.signal, "abort")).toHaveLength(100);
  for (const child of children) child.end();
  expect(getEventListeners(parent.signal, "abort")).toHaveLength(0);
});

test("many children of one parent are no leak that Node warns of", async () => {
  const warnings: string[] = [];
  const note = ({ name }: Error): void => void warnings.push(name);
  process.on("warning", note);
  const parent = new AbortController();
  const children = Array.from({ length: 12 }, () => childSignal(parent.signal));
  await new Promise((resolve) => setTimeout(resolve, 10));
  process.removeListener("warning", note);
  for (const child of children) child.end();
  expect(warnings).toEqual([]);
});
