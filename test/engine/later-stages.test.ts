import { describe, expect, test } from "vitest";
import type { Happening } from "../../src/core/journal.ts";
import {
  caseWith,
  cut,
  decided,
  ended,
  planned,
  playbook,
  prove,
  proved,
  registry,
  seal1,
  started,
  START,
  whole,
} from "./decided.ts";
import { decide } from "../../src/engine/decide.ts";

const later = { id: "later", after: "10m", steps: ["assess.logs"] };
const by = playbook([cut, prove, later, { id: "last", steps: ["protect.groups"] }]);
const MINUTE = 60_000;
const isProved = [started("cut"), ended("cut"), started("prove"), proved("prove", true), ended("prove")];

describe("a stage that comes later", () => {
  test("has its turn when the one before has ended, and the next begins beside it", () => {
    expect(decided(caseWith(isProved), by).acts.map((act) => (act.verb === "note" ? act.body : act.verb))).toEqual([
      { type: "stage.started", stage: "later", due: "2026-01-15T12:10:00.000Z" },
      { type: "stage.started", stage: "last" },
      "plan",
      "anchor",
    ]);
  });

  const turn = [...isProved, started("later", 10 * MINUTE), started("last"), ended("last")];
  test("the case is settled without it", () => {
    expect(decided(caseWith(turn), by, MINUTE).said).toEqual(["case.settled contained"]);
  });

  const settled = [...turn, { type: "case.settled", status: "contained" } as const];
  test("nothing is done before its time, and somebody looks when it has come", () => {
    const decision = decided(caseWith([...settled, proved(null, true, 6 * MINUTE)]), by, 9 * MINUTE);
    expect(decision.said).toEqual([]);
    expect(decision.wakeAt).toBe(START + 10 * MINUTE);
  });

  test("when its time has come, it looks, settled or not", () => {
    expect(decided(caseWith(settled), by, 10 * MINUTE).said).toEqual(["assess assess.logs"]);
    const unsettled = [...isProved, started("later", 10 * MINUTE), started("last")];
    expect(decided(caseWith(unsettled), by, 10 * MINUTE).said).toEqual(["assess assess.logs", "plan protect.groups"]);
  });

  test("it ends like any other, and once", () => {
    const looked = [...settled, proved("later", true, 10 * MINUTE, "assess.logs")];
    expect(decided(caseWith(looked), by, 10 * MINUTE).said).toEqual(["stage.ended later done"]);
    expect(
      decided(caseWith([...looked, ended("later"), proved(null, true, 10 * MINUTE)]), by, 11 * MINUTE).said,
    ).toEqual([]);
  });

  test("a stage that needs it waits for it", () => {
    const waiting = playbook([cut, prove, later, { id: "last", needs: ["later"], steps: ["protect.groups"] }]);
    const state = caseWith([...isProved, started("later", 10 * MINUTE)]);
    expect(decided(state, waiting, MINUTE).said).toEqual([]);
    expect(decided(state, waiting, MINUTE).wakeAt).toBe(START + 5 * MINUTE); // The next proof comes first.
  });

  test("a plan does not wait for it: it looks at nothing", () => {
    const state = caseWith([started("later", 10 * MINUTE)]);
    const only = playbook([later]);
    const { acts, wakeAt } = decide({ state, playbook: only, registry, now: START, plansOnly: true });
    expect(acts.filter(({ verb }) => verb !== "note")).toEqual([]);
    expect(wakeAt).toBeNull();
  });
});

describe("what was assessed in several ways", () => {
  const both = [...isProved, started("later", 0), proved("later", true, 0, "assess.logs"), ended("later")];
  const settled = [...both, started("last"), ended("last"), { type: "case.settled", status: "contained" } as const];

  test("is looked at again in each, one after the other", () => {
    expect(decided(caseWith(settled), by, 5 * MINUTE).said).toEqual(["assess assess.proof"]);
    const proof = proved(null, true, 5 * MINUTE);
    expect(decided(caseWith([...settled, proof]), by, 5 * MINUTE).said).toEqual(["assess assess.logs"]);
    const looked = proved(null, true, 5 * MINUTE, "assess.logs");
    const again = decided(caseWith([...settled, proof, looked]), by, 6 * MINUTE);
    expect([again.said, again.wakeAt]).toEqual([[], START + 10 * MINUTE]);
  });

  test("a cut is proved again at once, and not by what looks later: it could not see it yet", () => {
    const at = (happening: Happening) => [MINUTE, happening] as const;
    const again = [...settled, at(planned("cut", "contain.seal", seal1)), ...whole(seal1.id).map(at)];
    expect(decided(caseWith(again), by, MINUTE).said).toEqual(["assess assess.proof"]);
    expect(decided(caseWith([...again, proved(null, true, MINUTE)]), by, MINUTE).said).toEqual([]);
  });
});
