import { describe, expect, it } from "vitest";
import type { CaseState, ChangeRecord } from "../core/case.ts";
import type { Contained } from "../core/containment.ts";
import { exitCodeOf } from "./verdicts.ts";

interface Wanted {
  readonly contained: Contained;
  /** The states of changes of the step that opens interfaces. */
  readonly windows?: readonly ChangeRecord["state"][];
  readonly isDenied?: boolean;
}

function stateOf({ contained, windows = [], isDenied = false }: Wanted): CaseState {
  const changes = windows.map((state, index) => {
    const change = { id: `change-${index}`, step: "contain.tracked-connections", resource: `eni-${index}` };
    return [change.id, { change, state, dueAt: 0 }] as const;
  });
  const steps = isDenied ? [["cut/contain.x", { failure: { code: "access_denied" } }] as const] : [];
  return {
    assessments: [{ contained }],
    changes: new Map(changes),
    steps: new Map(steps),
    approvals: new Map(),
    settled: null,
    release: null,
  } as unknown as CaseState;
}

describe("the exit code of a case", () => {
  it.each([true, "sealed"] as const)("is 0 if it is %s and nothing stands open", (contained) => {
    expect(exitCodeOf(stateOf({ contained }))).toBe(0);
    expect(exitCodeOf(stateOf({ contained, windows: ["verified", "reverted"] }))).toBe(0);
  });

  it.each([true, "sealed"] as const)(
    "is 3 if it is %s while an interface is open because a step opened it",
    (contained) => {
      expect(exitCodeOf(stateOf({ contained, windows: ["verified", "started"] }))).toBe(3);
    },
  );

  it("is the highest that applies if it is not cut off", () => {
    expect(exitCodeOf(stateOf({ contained: "partial" }))).toBe(3);
    expect(exitCodeOf(stateOf({ contained: "partial", windows: ["started"], isDenied: true }))).toBe(6);
  });
});
