import { describe, expect, test } from "vitest";
import type { CaseState } from "../../src/core/case.ts";
import type { Happening } from "../../src/core/journal.ts";
import { decide } from "../../src/engine/decide.ts";
import {
  act,
  type At,
  caseWith,
  change,
  cut,
  decided,
  ended,
  failed,
  planned,
  playbook,
  prove,
  proved,
  registry,
  seal1,
  simple,
  START,
  started,
  whole,
} from "./decided.ts";

describe("what is to be saved", () => {
  const picture = change("preserve.picture/i-0a", { collects: true });
  const hold = { id: "hold", steps: ["preserve.picture"], alongside: true, on_failure: "continue" };
  const by = playbook([hold, cut, prove]);
  const asking = { of: "responders", required: 1, within: "15m", always: true };

  test("is saved beside the cut, which does not wait for it", () => {
    const state = caseWith([
      started("hold"),
      planned("hold", "preserve.picture", picture),
      started("cut"),
      planned("cut", "contain.seal", seal1),
    ]);
    expect(decided(state, by).said).toEqual([`run ${picture.id}`, `run ${seal1.id}`]);
  });

  test("keeps the case from being settled until it is saved or has failed", () => {
    const rest = [started("cut"), ended("cut"), started("prove"), proved("prove", true), ended("prove")];
    const begun = [started("hold"), planned("hold", "preserve.picture", picture), act(picture.id)];
    expect(decided(caseWith([...begun, ...rest]), by).said).toEqual([`run ${picture.id}`]);
    expect(decided(caseWith([...begun, failed(picture.id), ...rest]), by).said).toEqual(["stage.ended hold failed"]);
  });

  test("is nothing that people are asked about, and waits with its stage all the same", () => {
    const both = playbook([{ id: "cut", steps: ["contain.seal", "preserve.picture"], approval: asking }]);
    const state = caseWith([
      started("cut"),
      planned("cut", "preserve.picture", picture),
      planned("cut", "contain.seal", seal1),
    ]);
    const decision = decided(state, both);
    expect(decision.said).toEqual(["approval.asked cut"]);
    expect(JSON.stringify(decision.acts)).not.toContain(picture.id);
  });

  test("stays when the case is released", () => {
    const state = caseWith([
      started("hold"),
      planned("hold", "preserve.picture", picture),
      ...whole(picture.id),
      { type: "release.asked", reason: null },
    ]);
    expect(decided(state, by).said).toEqual(["release.ended released"]);
  });

  test("is only planned where nothing but plans is wanted", () => {
    const state = caseWith([started("hold"), planned("hold", "preserve.picture", picture)]);
    const { acts } = decide({ state, playbook: playbook([hold]), registry, now: START, plansOnly: true });
    expect(acts).toEqual([]);
  });

  test("a call whose answer was lost is known to have been sent, a refused one is known not to count", () => {
    const begun = [started("hold"), planned("hold", "preserve.picture", picture), act(picture.id)];
    const postponed = (more: object): Happening => ({
      type: "act.postponed",
      subject: picture.id,
      verb: "run",
      code: "aws_failed",
      message: "m",
      until: new Date(START).toISOString(),
      requests: [],
      ...more,
    });
    const since = (happenings: readonly At[]): number | null | undefined =>
      caseWith(happenings).changes.get(picture.id)?.unansweredSince;
    expect(since([...begun, postponed({}), [50, act(picture.id)]])).toBeNull();
    expect(since([...begun, postponed({ lost: true }), [50, act(picture.id)]])).toBe(START);
    expect(since([...begun, [50, act(picture.id)]])).toBe(START); // The process died.
  });
});

describe("the journal's head", () => {
  const anchored = (sequence: number): Happening => ({ type: "journal.anchored", sequence, head: "h", location: "l" });
  const anchors = (state: CaseState, afterMs = 0): boolean =>
    decide({ state, playbook: simple, registry, now: START + afterMs }).acts.some(({ verb }) => verb === "anchor");

  test("goes to the vault when a stage ends, and once", () => {
    expect(anchors(caseWith([started("cut")]))).toBe(false);
    const over = [started("cut"), ended("cut")]; // Events 2 and 3.
    expect(anchors(caseWith(over))).toBe(true);
    expect(anchors(caseWith([...over, anchored(3)]))).toBe(false);
    expect(anchors(caseWith([...over, anchored(2)]))).toBe(true);
  });

  test("goes there after a release, when nothing else is left to do", () => {
    const released: readonly At[] = [
      { type: "release.asked", reason: null },
      { type: "release.ended", status: "released" },
    ];
    expect(anchors(caseWith(released))).toBe(true);
  });

  test("is tried again later when the vault refuses it", () => {
    const refused: Happening = {
      type: "act.postponed",
      subject: "journal",
      verb: "anchor",
      code: "vault_refused",
      message: "m",
      until: new Date(START + 500).toISOString(),
      requests: [],
    };
    const state = caseWith([started("cut"), ended("cut"), refused]);
    expect(anchors(state)).toBe(false);
    expect(anchors(state, 500)).toBe(true);
  });
});
