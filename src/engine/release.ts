import type { CaseState, ChangeRecord } from "../core/case.ts";
import type { Decision } from "./acts.ts";
import { decideAnchor, Draft, type Situation } from "./draft.ts";

/**
 * The acts of a release: the stages backwards, within a stage side by side, on the same resource in reverse order of
 * applying. A refused revert stops only the earlier changes of that resource: they lie under it.
 */
export function decideRelease(situation: Situation): Decision {
  const draft = new Draft(situation);
  const { state, playbook, now } = situation;
  decideAnchor(draft);
  if (!state.release || state.release.ended) return draft.decision();
  for (const stage of playbook.stages.toReversed()) {
    const ours = [...state.changes.values()].filter((record) => record.stage === stage.id && mayHaveActed(record));
    const next = ours.filter((record) => !liesUnder(record, state));
    for (const { change, dueAt, under } of next) {
      if (under === "revert" && dueAt > now) draft.wake(dueAt);
      else draft.add({ verb: "revert", change: change.id, resource: change.resource, step: change.step });
    }
    if (next.length > 0) return draft.decision();
  }
  const isWhole = [...state.changes.values()].every(
    (record) => !mayHaveActed(record) && record.state !== "revertRefused",
  );
  draft.add({ verb: "note", body: { type: "release.ended", status: isWhole ? "released" : "releasedInPart" } });
  return draft.decision();
}

/**
 * A change that failed may have taken effect, and one that was planned again, or left out of a later plan, had one before: its
 * revert looks.
 */
function mayHaveActed({ state, hasBegun, change }: ChangeRecord): boolean {
  if (change.collects === true) return false; // Evidence stays.
  return hasBegun && state !== "revertRefused";
}

/** Whether a later change of the same resource is still to be reverted, or refused to be. */
function liesUnder(record: ChangeRecord, state: CaseState): boolean {
  return [...state.changes.values()].some(
    (other) =>
      other !== record &&
      other.change.resource === record.change.resource &&
      other.order > record.order &&
      (mayHaveActed(other) || other.state === "revertRefused"),
  );
}
