import { expect, test } from "vitest";
import { type Findings, join } from "./assessments.ts";
import type { Check, Survivor } from "./containment.ts";

const check = (kind: Check["kind"], what: string, ok = true): Check => ({
  kind,
  code: "interface.sealed",
  what,
  ok,
  expected: "",
  observed: "",
});
const survivor = (what: string, certainty: Survivor["certainty"]): Survivor => ({
  code: "flow.tracked",
  what,
  kind: "tcp",
  certainty,
  why: "",
  lever: "",
  blastRadius: "",
});
const proof = (asOf: number, survivors: readonly Survivor[] = []): Findings => ({
  step: "assess.containment",
  checks: [check("sealed", "eni-1 is sealed")],
  survivors,
  asOf,
});
const logs = (asOf: number, survivors: readonly Survivor[] = []): Findings => ({
  step: "assess.flow-logs",
  checks: [check("record", "flow logs of eni-1", survivors.length === 0)],
  survivors,
  asOf,
});
const possible = survivor("TCP to anybody", "possible");
const seen = survivor("TCP with 203.0.113.9", "indicated");

test("A look into the flow logs erases no survivor of the proof, and a later proof none of the flow logs", () => {
  expect(join([proof(1, [possible])], logs(2)).survivors).toEqual([possible]);
  expect(join([proof(1, [possible]), logs(2, [seen])], proof(3)).survivors).toEqual([seen]);
  expect(join([proof(1), logs(2, [seen]), proof(3)], logs(4)).survivors).toEqual([]);
});

test("Each kind keeps its place, whichever looked last", () => {
  const order = (findings: ReturnType<typeof join>) => findings.checks.map(({ kind }) => kind);
  expect(order(join([proof(1)], logs(2)))).toEqual(["sealed", "record"]);
  expect(order(join([proof(1), logs(2)], proof(3)))).toEqual(["sealed", "record"]);
});

test("What flow logs say later makes the seal no younger", () => {
  expect(join([proof(1)], logs(2)).asOf).toBe(1);
  expect(join([proof(1), logs(2)], proof(3)).asOf).toBe(3);
  expect(join([], logs(2)).asOf).toBe(2);
});

test("What both say stands once", () => {
  expect(join([proof(1, [seen])], logs(2, [seen])).survivors).toEqual([seen]);
});
