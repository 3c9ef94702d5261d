import { describe, expect, it } from "vitest";
import type { Happening } from "../../src/core/journal.ts";
import { heldOpen, openWindows } from "../../src/core/open-windows.ts";
import { act, applied, caseWith, change, failed, planned, proved, START, started, verified } from "./decided.ts";

const STEP = "contain.tracked-connections";
const ID = `${STEP}/eni-1`;
const opened: Happening = {
  type: "change.progressed",
  change: ID,
  verb: "run",
  progress: "open",
  due: new Date(START + 70_000).toISOString(),
  deadline: new Date(START + 300_000).toISOString(),
  requests: [],
};
const begun = [started("convert"), planned("convert", STEP, change(ID)), act(ID)];
const namesOf = (windows: readonly { readonly resource: string }[]): readonly string[] =>
  windows.map(({ resource }) => resource);
const [resource] = [change(ID).resource];
const sealedCheck = (ok: boolean, what: string) =>
  ({ code: "interface.sealed", kind: "sealed", what: `${what} is sealed`, ok, expected: "e", observed: "o" }) as const;

describe("an interface that a step opened", () => {
  it("may be open from the moment at which the opening was begun", () => {
    expect(namesOf(openWindows(caseWith(begun)))).toEqual([resource]);
    expect(openWindows(caseWith([...begun, opened]))).toEqual([{ resource, due: START + 70_000 }]);
  });

  it("is closed when its closing was applied", () => {
    expect(openWindows(caseWith([...begun, opened, act(ID), applied(ID), verified(ID)]))).toEqual([]);
  });

  it("stays open when its closing failed, though no step holds it any more", () => {
    const state = caseWith([...begun, opened, act(ID), failed(ID)]);
    expect(namesOf(openWindows(state))).toEqual([resource]);
    expect(heldOpen(state)).toEqual([]);
  });

  it("was never open when the opening itself failed", () => {
    expect(openWindows(caseWith([...begun, failed(ID)]))).toEqual([]);
  });

  it.each([
    ["a proof that read it sealed after it was to be closed", 80_000, sealedCheck(true, resource ?? ""), 0],
    ["no proof of before", 60_000, sealedCheck(true, resource ?? ""), 1],
    ["no proof that found it open", 80_000, sealedCheck(false, resource ?? ""), 1],
    ["no proof of another interface", 80_000, sealedCheck(true, "eni-other"), 1],
  ] as const)("is closed after a failure by %s", (_, afterMs, check, left) => {
    const proof = { ...proved("prove", true, afterMs), checks: [check] } as Happening;
    const state = caseWith([...begun, opened, act(ID), failed(ID), [afterMs, proof]]);
    expect(openWindows(state)).toHaveLength(left);
  });
});
