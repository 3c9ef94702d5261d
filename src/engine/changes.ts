import type { CaseState, ChangeRecord } from "../core/case.ts";

/** Whether a change still has something before it. */
export function isUnfinished({ state }: ChangeRecord): boolean {
  return state === "planned" || state === "started" || state === "applied";
}

/** The changes of a step in a stage that its latest plan still has. */
export function changesOf(state: CaseState, stage: string, step: string): readonly ChangeRecord[] {
  return [...state.changes.values()].filter(
    (record) => record.stage === stage && record.change.step === step && record.state !== "dropped",
  );
}
