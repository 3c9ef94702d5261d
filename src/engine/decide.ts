import { type CaseState, type ChangeRecord, type StepRecord } from "../core/case.ts";
import { heldOpen } from "../core/open-windows.ts";
import type { Happening, StageOutcome } from "../core/journal.ts";
import type { Stage, StepUse } from "../core/playbook.ts";
import type { AnyStep, PlanningStep } from "../core/step.ts";
import type { Act, Decision } from "./acts.ts";
import { decideApproval } from "./ask.ts";
import { bracketOf, closeBracket, endOverdue } from "./bracket.ts";
import { changesOf, isUnfinished } from "./changes.ts";
import { decideAnchor, Draft, type Situation } from "./draft.ts";
import { decideNextProof, mustProveFirst } from "./proofs.ts";
import { decideRelease } from "./release.ts";
import { isChanging, stepOf } from "./registry.ts";
import { settledStatus } from "./settled.ts";

/** A plan older than this is made again before it is carried out. */
export const PLAN_LIVES_MS = 5000;

/** Plans in one stage after which a step that always finds something new is left as it is: it would never end. */
const MOST_PLANS = 12;

/**
 * Names the next acts of a case from its journal, its playbook and the time. Pure: the same input gives the same acts.
 *
 * It names everything that may go on now; whoever carries it out leaves out what is under way, and what touches a resource
 * on which something is.
 */
export function decide(situation: Situation): Decision {
  const draft = new Draft(situation);
  if (situation.state.release) return decideRelease(situation);
  decideOpenWindows(draft);
  decideRepairs(draft);
  if (situation.state.settled) decideLateStages(draft);
  else decideStages(draft);
  decideNextProof(draft);
  decideAnchor(draft);
  return draft.decision();
}

/** What a step opened is closed before anything else is looked at. */
function decideOpenWindows(draft: Draft): void {
  const { state, now } = draft.situation;
  for (const record of state.changes.values()) {
    if (record.under !== "run" || record.progress === null) continue;
    if (record.dueAt <= now) draft.add(runOf(record));
    else draft.wake(record.dueAt);
  }
}

/**
 * Brings back steps whose stage has ended: those that plan until nothing is left, when a proof finds an interface open after
 * the cut (an intruder attached one), and those that follow findings, when one joined. What people agreed to covers the new
 * changes, or they are asked again.
 */
function decideRepairs(draft: Draft): void {
  const { state, playbook } = draft.situation;
  for (const stage of playbook.stages) {
    const outcome = state.stages.get(stage.id)?.outcome;
    if (outcome == null || outcome === "rejected") continue;
    for (const use of stage.steps) decideRepair(draft, stage, use);
  }
}

function decideRepair(draft: Draft, stage: Stage, use: StepUse): void {
  const { state, registry } = draft.situation;
  const step = stepOf(registry, use.use);
  const record = state.steps.get(`${stage.id}/${use.use}`);
  if (step.kind === "assessment" || record?.status !== "planned") return;
  if (changesOf(state, stage.id, use.use).some(isUnfinished)) {
    const mayAct = decideApproval(draft, stage, usesOf(draft.situation, stage)) === "go";
    decidePlanned(draft, { stage, use, step, record, mayAct });
    return;
  }
  const latest = state.assessments.findLast(({ own }) => own.checks.some(({ kind }) => kind === "sealed"));
  const foundOpen = latest?.own.checks.some(({ kind, ok }) => kind === "sealed" && !ok) === true;
  const isOvertaken =
    (step.plansUntilQuiet === true && foundOpen && latest !== undefined && latest.asOf > record.beganAt) ||
    (step.follows === "findings" && state.joined > record.seen);
  if (isOvertaken) draft.add({ verb: "plan", stage: stage.id, use });
}

function decideStages(draft: Draft): void {
  const { state, playbook, now } = draft.situation;
  let isUnderWay = false;
  for (const stage of playbook.stages) {
    const outcome = state.stages.get(stage.id)?.outcome ?? null;
    if (outcome === null) {
      if (!stage.needs.every((id) => state.stages.get(id)?.outcome != null)) return;
      if (!state.stages.has(stage.id)) draft.add({ verb: "note", body: beginningOf(stage, now) });
      if (stage.after !== null) {
        decideLateStage(draft, stage);
        continue;
      }
      const ended = decideStage(draft, stage);
      if (ended !== null)
        return draft.add({ verb: "note", body: { type: "stage.ended", stage: stage.id, outcome: ended } });
      if (!stage.alongside) return;
      isUnderWay = true;
    } else if ((outcome === "failed" || outcome === "rejected") && stage.onFailure === "stop") break;
  }
  if (isUnderWay || mustProveFirst(draft)) return;
  draft.add({ verb: "note", body: { type: "case.settled", status: settledStatus(draft.situation) } });
}

function beginningOf({ id, after }: Stage, now: number): Happening {
  const due = after === null ? {} : { due: new Date(now + after).toISOString() };
  return { type: "stage.started", stage: id, ...due };
}

/** What only looks, and later: a case that is settled still has it before it. */
function decideLateStages(draft: Draft): void {
  const { state, playbook } = draft.situation;
  for (const stage of playbook.stages) {
    const begun = state.stages.get(stage.id);
    if (stage.after !== null && begun?.outcome === null) decideLateStage(draft, stage);
  }
}

/** Nothing waits for it, and it waits for its time. A plan looks at nothing. */
function decideLateStage(draft: Draft, stage: Stage): void {
  const { state, now, plansOnly } = draft.situation;
  const dueAt = state.stages.get(stage.id)?.dueAt ?? null;
  if (plansOnly === true || dueAt === null) return;
  if (dueAt > now) return draft.wake(dueAt);
  // What looks while a step holds an interface open would take the opening for a broken seal. Its end brings this on.
  if (heldOpen(state).length > 0) return;
  const ended = decideStage(draft, stage);
  if (ended !== null) draft.add({ verb: "note", body: { type: "stage.ended", stage: stage.id, outcome: ended } });
}

/** The stage's outcome when nothing is left to do in it, else null. */
function decideStage(draft: Draft, stage: Stage): StageOutcome | null {
  const steps = usesOf(draft.situation, stage);
  const mayAct = decideApproval(draft, stage, steps);
  if (mayAct === "rejected") return "rejected";
  if (mayAct === "go" && endOverdue(draft, stage)) return null;
  const bracket = bracketOf(draft.situation, stage);
  let outcome: StageOutcome | null = "nothing";
  for (const use of bracket === "opening" ? steps.filter(({ use: id }) => id === stage.around?.use) : steps) {
    if (bracket === "open" && use.use === stage.around?.use) continue; // It waits to be closed.
    const step = decideStep(draft, stage, use, mayAct === "go" || isUnasked(draft.situation, stage, use));
    if (step === null) outcome = null;
    else if (outcome !== null && (step === "failed" || outcome === "nothing")) outcome = step;
  }
  if (bracket === "opening") return null;
  if (bracket === "open") {
    if (outcome !== null) closeBracket(draft, stage);
    return null;
  }
  return mayAct === "wait" ? null : outcome;
}

/** Evidence waits for nobody where it is not the playbook that asks. */
function isUnasked({ registry }: Situation, stage: Stage, { use }: StepUse): boolean {
  return stage.approval === null && !isChanging(stepOf(registry, use));
}

/** The stage's steps, and those that were put in to make what one of them lacked. */
function usesOf({ state }: Situation, stage: Stage): readonly StepUse[] {
  const own = [...(stage.around ? [stage.around] : []), ...stage.steps];
  const enabling = own.flatMap(({ use }) => {
    const by = state.steps.get(`${stage.id}/${use}`)?.enabledBy;
    return by == null ? [] : [{ use: by, with: {} }];
  });
  return [...new Map([...enabling, ...own].map((use) => [use.use, use])).values()];
}

function decideStep(draft: Draft, stage: Stage, use: StepUse, mayAct: boolean): StageOutcome | null {
  const { state, registry } = draft.situation;
  const step = stepOf(registry, use.use);
  const record = state.steps.get(`${stage.id}/${use.use}`);
  if (needsPending(draft.situation, stage, step)) return null;
  if (step.kind === "assessment") {
    if (record?.status === "assessed") return "done";
    if (record?.status === "failed") return "failed";
    draft.add({ verb: "assess", stage: stage.id, use });
    return null;
  }
  if (!record) {
    draft.add({ verb: "plan", stage: stage.id, use });
    return null;
  }
  if (record.status === "failed") return decideFailedStep(draft, stage, use, record);
  return decidePlanned(draft, { stage, use, step, record, mayAct });
}

function decideFailedStep(draft: Draft, stage: Stage, use: StepUse, record: StepRecord): StageOutcome | null {
  const { state } = draft.situation;
  if (record.failure?.code === "nothing_to_do") return "nothing";
  if (record.enabledBy === null || record.plans > 0) return "failed";
  const enabler = state.steps.get(`${stage.id}/${record.enabledBy}`);
  const made = changesOf(state, stage.id, record.enabledBy);
  if (!enabler || made.some(isUnfinished)) return null; // Its own turn in the stage brings it on.
  if (enabler.status === "failed" || made.some((change) => change.state === "failed")) return "failed";
  const tries = state.postponed.get(`plan ${stage.id}/${use.use}`)?.times ?? 0;
  if (tries >= 3) return "failed"; // It was made, and its reader still does not see it.
  draft.add({ verb: "plan", stage: stage.id, use });
  return null;
}

interface Planned {
  readonly stage: Stage;
  readonly use: StepUse;
  readonly step: PlanningStep;
  readonly record: StepRecord;
  readonly mayAct: boolean;
}

function decidePlanned(draft: Draft, { stage, use, step, record, mayAct }: Planned): StageOutcome | null {
  const { state, now } = draft.situation;
  const changes = changesOf(state, stage.id, use.use);
  const plan: Act = { verb: "plan", stage: stage.id, use };
  if (step.follows === "findings" && state.joined > record.seen) {
    draft.add(plan);
    return null;
  }
  const open = changes.filter(isUnfinished);
  if (open.length > 0) {
    if (!mayAct) return null;
    const waiting = open.filter((change) => change.state === "planned" && !change.isBroken);
    const isStale = now - record.plannedAt > PLAN_LIVES_MS || decidedSince(state, stage, record.plannedAt);
    // What a proof found undone runs as it was approved: a plan that finds it restored would drop what the proof reads of it.
    open.filter((change) => change.isBroken).forEach((change) => draft.add(runOf(change)));
    const isHeldBack =
      waiting.length > 0 && step.waitsForPlansOf?.some((id) => isPlanPending(draft.situation, stage, id)) === true;
    if (isHeldBack) return null; // Their plans bring it on.
    if (waiting.length > 0 && isStale && record.plans < MOST_PLANS) draft.add(plan);
    else waiting.forEach((change) => draft.add(runOf(change)));
    open.filter((change) => change.state !== "planned").forEach((change) => decideChange(draft, change));
    return null;
  }
  const lastVerified = Math.max(0, ...changes.map(({ verifiedAt }) => verifiedAt ?? 0));
  if (
    step.plansUntilQuiet === true &&
    lastVerified >= record.plannedAt &&
    changes.length > 0 &&
    record.plans < MOST_PLANS
  ) {
    draft.add(plan);
    return null;
  }
  if (changes.some((change) => change.state === "failed")) return "failed";
  return changes.length === 0 ? "nothing" : "done";
}

function decidedSince(state: CaseState, stage: Stage, time: number): boolean {
  const decidedAt = state.approvals.get(stage.id)?.decidedAt ?? null;
  return decidedAt !== null && decidedAt >= time;
}

function decideChange(draft: Draft, record: ChangeRecord): void {
  const { now } = draft.situation;
  switch (record.state) {
    case "started":
      if (record.progress === null) draft.add(runOf(record));
      else if (record.dueAt > now) draft.wake(record.dueAt); // What is due was added first of all.
      return;
    case "applied":
      draft.add({
        verb: "verify",
        change: record.change.id,
        resource: record.change.resource,
        step: record.change.step,
      });
      return;
    default:
      return;
  }
}

function runOf({ change }: ChangeRecord): Act {
  return { verb: "run", change: change.id, resource: change.resource, step: change.step };
}

/** Whether a step that this one reads is still under way, in this stage or in one that runs alongside. */
function needsPending(situation: Situation, stage: Stage, step: AnyStep): boolean {
  const { state, playbook } = situation;
  const until = playbook.stages.indexOf(stage);
  return playbook.stages.slice(0, until + 1).some(({ id, steps }) => {
    if (state.stages.get(id)?.outcome != null) return false;
    return steps.some(
      ({ use }) => use !== step.id && step.needs?.includes(use) === true && !isStepOver(situation, id, use),
    );
  });
}

function isStepOver({ state, registry }: Situation, stage: string, id: string): boolean {
  const record = state.steps.get(`${stage}/${id}`);
  if (!record) return false;
  if (stepOf(registry, id).kind === "assessment") return true;
  if (record.status === "failed") return record.enabledBy === null || record.plans > 0;
  return !changesOf(state, stage, id).some(isUnfinished);
}

/** Whether a step of the same stage has not planned yet. */
function isPlanPending({ state }: Situation, stage: Stage, id: string): boolean {
  return stage.steps.some(({ use }) => use === id) && !state.steps.has(`${stage.id}/${id}`);
}
