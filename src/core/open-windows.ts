/** Interfaces that a step of a case has opened, and that may be open at this moment. */
import type { CaseState, ChangeRecord } from "./case.ts";

interface Window {
  readonly resource: string;
  /** When it is to be closed, in milliseconds since 1970. */
  readonly due: number;
}

/** Interfaces that a step holds open at this moment, and will close. */
export function heldOpen(state: CaseState): readonly Window[] {
  return openings(state).flatMap(({ change, state: at, dueAt }) =>
    at === "started" ? [{ resource: change.resource, due: dueAt }] : [],
  );
}

/**
 * Interfaces that are open at this moment because a step opened them, or may be: the most urgent thing there is. One whose
 * closing failed counts until a proof has read it sealed.
 */
export function openWindows(state: CaseState): readonly Window[] {
  const failed = openings(state).filter(
    (record) => record.state === "failed" && record.progress !== null && !isSealedSince(state, record),
  );
  return [...heldOpen(state), ...failed.map(({ change, dueAt }) => ({ resource: change.resource, due: dueAt }))];
}

function openings({ changes }: CaseState): readonly ChangeRecord[] {
  return [...changes.values()].filter(({ change }) => change.step === "contain.tracked-connections");
}

function isSealedSince({ assessments }: CaseState, { change: { resource }, dueAt }: ChangeRecord): boolean {
  return assessments.some(
    ({ asOf, checks }) =>
      asOf > dueAt && checks.some(({ kind, ok, what }) => kind === "sealed" && ok && what.split(" ")[0] === resource),
  );
}
