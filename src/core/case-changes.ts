import type { CaseState, ChangeRecord, StepRecord } from "./case.ts";
import type { Change } from "./change.ts";
import type { Happening } from "./journal.ts";

/** A plan adds its changes, and drops what an earlier plan had and nobody has begun. */
export function applyPlan(state: CaseState, body: Extract<Happening, { type: "step.planned" }>, at: number): void {
  const record = stepRecord(state, body.stage, body.step, at);
  record.status = "planned";
  record.failure = null;
  if (body.continues !== true) beginPlan(state, record, body, at);
  state.postponed.delete(`plan ${body.stage}/${body.step}`);
  const ids = new Set(body.changes.map(({ id }) => id));
  for (const known of body.continues === true ? [] : state.changes.values()) {
    if (known.change.step === body.step && known.state === "planned" && !ids.has(known.change.id))
      known.state = "dropped";
  }
  for (const change of body.changes) {
    const known = state.changes.get(change.id);
    if (known?.hasBegun === true) {
      // It was done, and the world is not as we left it: done again, but restored to what it was first of all. The step
      // may look at what the first time brought.
      const again = freshChange({ ...change, before: known.change.before }, body);
      state.changes.set(change.id, {
        ...again,
        hasBegun: true,
        outcome: known.outcome,
        order: known.order,
        brokenAt: known.brokenAt,
      });
    } else state.changes.set(change.id, freshChange(change, body));
  }
}

function beginPlan(
  { sequence }: CaseState,
  record: StepRecord,
  { left, seen = sequence, began }: Extract<Happening, { type: "step.planned" }>,
  at: number,
): void {
  const beganAt = began === undefined ? at : Date.parse(began);
  Object.assign(record, { plannedAt: at, seen, beganAt, plans: record.plans + 1, left });
}

function freshChange(
  change: Change,
  { stage, reversible }: { readonly stage: string; readonly reversible: string },
): ChangeRecord {
  return {
    change,
    stage,
    reversible,
    state: "planned",
    hasBegun: false,
    refusedAs: null,
    under: null,
    attempt: 0,
    startedAt: null,
    unansweredSince: null,
    progress: null,
    dueAt: 0,
    deadline: 0,
    outcome: null,
    appliedAt: 0,
    order: 0,
    verifiedAt: null,
    isBroken: false,
    brokenAt: [],
    failure: null,
  };
}

/** Breaks that are remembered of a change. */
const KEPT_BREAKS = 10;

const undone = { state: "reverted", hasBegun: false, refusedAs: null, under: null, progress: null, dueAt: 0 } as const;

/** Moves a change along its states. */
export function applyChange(state: CaseState, body: Happening, at: number): void {
  if (!("change" in body) || typeof body.change !== "string") return;
  const record = state.changes.get(body.change);
  if (!record) throw new TypeError(`the journal speaks of change ${body.change}, which was never planned`);
  const settle = (verb: string): boolean => {
    record.startedAt = null;
    return state.postponed.delete(`${verb} ${body.change}`);
  };
  switch (body.type) {
    case "act.started":
      // Begun before, and its end was never written down. The latest counts: it is the one that may not show yet.
      record.unansweredSince = record.startedAt ?? record.unansweredSince;
      record.startedAt = at;
      record.under = body.verb;
      record.attempt = body.attempt;
      if (body.verb === "run") Object.assign(record, { state: "started", hasBegun: true, isBroken: false });
      return;
    case "change.progressed":
      record.progress = body.progress;
      record.dueAt = Date.parse(body.due);
      record.deadline = Date.parse(body.deadline);
      return void settle(body.verb);
    case "change.applied":
      Object.assign(record, {
        state: "applied",
        under: null,
        outcome: body.outcome,
        appliedAt: at,
        progress: null,
        dueAt: 0,
      });
      record.order = state.sequence;
      return void settle("run");
    case "change.verified":
      Object.assign(record, { state: "verified", verifiedAt: at, failure: null });
      return void settle("verify");
    case "change.broken":
      record.brokenAt = [...record.brokenAt, at].slice(-KEPT_BREAKS);
      Object.assign(record, { state: "planned", isBroken: true, under: null, verifiedAt: null });
      Object.assign(record, { progress: null, dueAt: 0, attempt: 0 });
      return;
    case "change.failed":
      Object.assign(record, { state: "failed", under: null, failure: body.message });
      return void settle(body.verb);
    case "change.reverted":
    case "change.accepted":
      Object.assign(record, undone);
      return void settle("revert");
    case "change.revertRefused":
      Object.assign(record, { state: "revertRefused", refusedAs: record.state, under: null, failure: body.message });
      return void settle("revert");
    default:
      return;
  }
}

/** A release that is asked for again tries what was refused before. */
export function forgetRefusals(state: CaseState): void {
  for (const record of state.changes.values()) {
    if (record.refusedAs !== null) Object.assign(record, { state: record.refusedAs, refusedAs: null, failure: null });
  }
}

/** An attempt that was put off has ended; whether it had its effect is known unless its answer was lost. */
export function applyPostponed(state: CaseState, body: Extract<Happening, { type: "act.postponed" }>): void {
  const record = state.changes.get(body.subject);
  if (!record) return;
  if (body.lost === true) record.unansweredSince = record.startedAt ?? record.unansweredSince;
  record.startedAt = null;
}

/** The record of a step in a stage, made when it is first spoken of. */
export function stepRecord(state: CaseState, stage: string, step: string, at: number): StepRecord {
  const key = `${stage}/${step}`;
  const known = state.steps.get(key);
  if (known) return known;
  const record: StepRecord = {
    stage,
    step,
    status: "planned",
    plannedAt: at,
    seen: state.sequence,
    beganAt: at,
    plans: 0,
    left: [],
    failure: null,
    enabledBy: null,
  };
  state.steps.set(key, record);
  return record;
}
