import type { CaseState, ChangeRecord } from "../core/case.ts";
import { changeId, type Change, type ChangeDraft } from "../core/change.ts";
import { containment } from "../core/containment.ts";
import { CordonError, Refusal } from "../core/errors.ts";
import type { Happening } from "../core/journal.ts";
import { type Json, sha256 as hashOf } from "../core/json.ts";
import type { AnyStep, SharedStep, Step, StepContext, Verification } from "../core/step.ts";
import type { Append } from "../core/store.ts";
import { type Act, actKey, postponedKey } from "./acts.ts";
import { contextOf } from "./context.ts";
import { type ObservedCall, type Ports, requestsOf } from "./ports.ts";
import type { Reconciler } from "./reconciler.ts";
import { stepOf } from "./registry.ts";

export type Doing = Exclude<Act, { readonly verb: "note" }>;

/** What an act leaves behind: events, and what the store keeps beside the journal. */
export interface Performed extends Pick<Append, "originals" | "restored"> {
  readonly events: readonly Happening[];
}

interface Frame {
  readonly ports: Ports;
  readonly reconciler: Reconciler;
  readonly state: CaseState;
  readonly act: Doing;
  readonly signal: AbortSignal;
}

interface Bench {
  readonly step: AnyStep;
  readonly context: StepContext;
  readonly calls: readonly ObservedCall[];
}

/** How often an act is tried again after faults that pass, and how long the pause grows. */
const MOST_TRIES = 8;
const LONGEST_PAUSE_MS = 30_000;

/** Pauses between two looks of a verify that says "not yet". */
const LOOKS_MS = [250, 500, 1000, 2000, 4000];

/** Carries out one verb of one step and says what happened. Faults that pass become a postponement, others a failure. */
export async function perform(frame: Frame): Promise<Performed> {
  const { act, state, ports, signal } = frame;
  const step = stepOf(ports.registry, act.verb === "plan" || act.verb === "assess" ? act.use.use : act.step);
  const record = act.verb === "plan" || act.verb === "assess" ? null : recordOf(state, act.change);
  const { context, calls } = contextOf(ports, { state, step, act: actKey(act), attempt: record?.attempt ?? 1, signal });
  const bench: Bench = { step, context, calls };
  try {
    switch (act.verb) {
      case "plan":
        return await plan(frame, bench, act);
      case "assess":
        return await assess(frame, bench, act);
      case "run":
        return await run(frame, bench, recordOf(state, act.change));
      case "verify":
        return await verify(frame, bench, recordOf(state, act.change));
      case "revert":
        return await revert(frame, bench, recordOf(state, act.change));
      default:
        return act satisfies never;
    }
  } catch (error) {
    if (signal.aborted) throw error;
    return { events: failureOf(frame, bench, error) };
  }
}

function recordOf(state: CaseState, id: string): ChangeRecord {
  const record = state.changes.get(id);
  if (!record) throw new TypeError(`there is no change ${id} in case ${state.id}`);
  return record;
}

async function plan(
  { state }: Frame,
  { step, context, calls }: Bench,
  act: Extract<Doing, { readonly verb: "plan" }>,
): Promise<Performed> {
  if (step.kind === "assessment") throw new TypeError(`${step.id} has no plan`);
  const input = step.input.parse(act.use.with) as never;
  const { changes: drafts, left } = await step.plan(context, input);
  const changes = drafts.map((draft: ChangeDraft): Change => ({
    ...draft,
    id: changeId(step.id, draft),
    step: step.id,
  }));
  const requests = requestsOf(calls);
  const fresh = changes.filter(({ id }) => !isUnderWay(state.changes.get(id)));
  const originals = fresh
    .filter(({ ofTarget, attribute }) => ofTarget === true && attribute !== undefined)
    .map(({ resource, attribute, before }) => ({ resource, attribute: attribute as string, value: before }));
  const { reversible } = step;
  return {
    events: [{ type: "step.planned", stage: act.stage, step: step.id, changes: fresh, left, reversible, requests }],
    originals,
  };
}

/** A change that has begun keeps its own course; a plan does not touch it. */
function isUnderWay(record: ChangeRecord | undefined): boolean {
  return record?.state === "started" || record?.state === "applied";
}

async function assess(
  { ports, state }: Frame,
  { step, context, calls }: Bench,
  act: Extract<Doing, { readonly verb: "assess" }>,
): Promise<Performed> {
  if (step.kind !== "assessment") throw new TypeError(`${step.id} does not assess`);
  const { checks, survivors, document } = await step.assess(context, step.input.parse(act.use.with) as never);
  const asOf = context.now;
  const { account, region, instanceId } = state.target;
  const id = `assessment-${state.assessments.length + 1}`;
  const content = new TextEncoder().encode(`${JSON.stringify(document, null, 2)}\n`);
  // Named by its content too: a process that died between storing and journalling left one that nothing speaks of.
  const key = `cases/${account}/${region}/${instanceId}/${state.id}/assessment/${id}-${hashOf(content).slice(0, 12)}.json`;
  const { location, sha256 } = await ports.vault.put(key, content);
  return {
    events: [
      { type: "artifact.stored", artifact: id, kind: "assessment", location, sha256, bytes: content.length },
      {
        type: "assessment.made",
        stage: act.stage,
        step: step.id,
        checks,
        survivors,
        ...containment(checks, survivors, asOf),
        asOf: new Date(asOf).toISOString(),
        artifact: id,
        requests: requestsOf(calls),
      },
    ],
  };
}

async function run(
  { state, reconciler }: Frame,
  { step, context, calls }: Bench,
  record: ChangeRecord,
): Promise<Performed> {
  const { change } = record;
  if (step.kind === "shared") {
    const outcome = await reconciler.claim(step, context, claimOf(step, change, state.id));
    return { events: [{ type: "change.applied", change: change.id, outcome, requests: requestsOf(calls) }] };
  }
  const result = await (step as Step).run(context, change, record.progress);
  if (result.kind === "done") {
    return {
      events: [{ type: "change.applied", change: change.id, outcome: result.outcome, requests: requestsOf(calls) }],
    };
  }
  return { events: [progressed({ record, verb: "run", result, now: context.now, calls })] };
}

interface Progress {
  readonly record: ChangeRecord;
  readonly verb: "run" | "revert";
  readonly result: { readonly progress: Json; readonly afterMs: number; readonly withinMs: number };
  readonly now: number;
  readonly calls: readonly ObservedCall[];
}

function progressed({ record, verb, result, now, calls }: Progress): Happening {
  const deadline = record.progress === null ? now + result.withinMs : record.deadline;
  if (now > deadline) {
    return {
      type: "change.failed",
      change: record.change.id,
      verb: "run",
      code: "took_too_long",
      message: "It did not end in the time it was given.",
      requests: requestsOf(calls),
    };
  }
  return {
    type: "change.progressed",
    change: record.change.id,
    verb,
    progress: result.progress,
    due: new Date(now + result.afterMs).toISOString(),
    deadline: new Date(deadline).toISOString(),
    requests: requestsOf(calls),
  };
}

function claimOf(
  step: SharedStep,
  change: Change,
  caseId: string,
): { resource: string; step: string; member: string; case: string; value: Json; until: null } {
  if (!change.claim) throw new TypeError(`${change.id} is a change of a shared resource and names no member`);
  return {
    resource: change.resource,
    step: step.id,
    member: change.claim.member,
    case: caseId,
    value: change.after,
    until: null,
  };
}

async function verify(frame: Frame, bench: Bench, record: ChangeRecord): Promise<Performed> {
  const { change } = record;
  const { step, context, calls } = bench;
  if (step.kind === "assessment") throw new TypeError(`${step.id} has no verify`);
  const { clock } = frame.ports;
  const giveUpAt = Math.max(record.appliedAt, context.now) + step.settlesWithinMs;
  for (let look = 0; ; look++) {
    const seen: Verification = await step.verify({ ...context, now: clock.now() }, change as never, record.outcome);
    const requests = requestsOf(calls);
    const { what, expected, observed } = seen;
    if (seen.kind === "ok")
      return { events: [{ type: "change.verified", change: change.id, what, expected, observed, requests }] };
    if (seen.kind === "failed" || clock.now() >= giveUpAt) {
      const message = `${what}: expected ${JSON.stringify(expected)}, observed ${JSON.stringify(observed)}`.slice(
        0,
        2000,
      );
      return {
        events: [
          { type: "change.failed", change: change.id, verb: "verify", code: "not_as_expected", message, requests },
        ],
      };
    }
    await clock.sleep(LOOKS_MS[Math.min(look, LOOKS_MS.length - 1)] ?? 1000, frame.signal);
  }
}

async function revert(
  { state, reconciler }: Frame,
  { step, context, calls }: Bench,
  record: ChangeRecord,
): Promise<Performed> {
  const { change } = record;
  if (step.kind === "shared") {
    const claim = claimOf(step, change, state.id);
    const left = step.residue?.(context, change as never) ?? null;
    await reconciler.release(step, context, {
      claim,
      residue: left && { ...claim, value: left.value, until: left.until },
    });
  } else {
    const outcome = record.state === "started" ? record.progress : record.outcome;
    const result = await (step as Step).revert(context, change, outcome);
    if (result.kind === "later")
      return { events: [progressed({ record, verb: "revert", result, now: context.now, calls })] };
  }
  const restored = change.attribute === undefined ? [] : [{ resource: change.resource, attribute: change.attribute }];
  return { events: [{ type: "change.reverted", change: change.id, requests: requestsOf(calls) }], restored };
}

function failureOf(frame: Frame, { step, calls }: Bench, error: unknown): readonly Happening[] {
  const { act, state, ports } = frame;
  const { code, message, remedy } = describe(error);
  const { verb, subject } = postponedKey(act);
  const times = state.postponed.get(`${verb} ${subject}`)?.times ?? 0;
  const requests = requestsOf(calls);
  const postpone = (afterMs: number): Happening => {
    const until = new Date(ports.clock.now() + afterMs).toISOString();
    return { type: "act.postponed", subject, verb, code, message, until, requests };
  };
  const isHalfDone = act.verb === "run" && recordOf(state, act.change).progress !== null;
  // What was opened must be closed: no failure of the closing call ends the trying.
  if (isHalfDone) return [postpone(Math.min(LONGEST_PAUSE_MS, 500 * 2 ** Math.min(times, 10)))];
  if (isTransient(error) && times < MOST_TRIES) return [postpone(Math.min(LONGEST_PAUSE_MS, 500 * 2 ** times))];
  switch (act.verb) {
    case "plan":
    case "assess": {
      const lacks = code === "prepared_group_missing" && step.enabledBy !== undefined;
      if (lacks && state.steps.get(`${act.stage}/${step.id}`)?.enabledBy) return [postpone(1000)];
      const stage = act.stage;
      if (stage === null) return [postpone(60_000)]; // A later proof that fails is tried again; the last statement keeps its time.
      const failed: Happening = {
        type: "step.failed",
        stage,
        step: step.id,
        refused: error instanceof Refusal,
        code,
        message,
        remedy,
      };
      return lacks
        ? [failed, { type: "step.enabled", stage, step: step.id, by: step.enabledBy, reason: message }]
        : [failed];
    }
    case "revert":
      return [{ type: "change.revertRefused", change: act.change, code, message, requests }];
    default:
      return [{ type: "change.failed", change: act.change, verb: act.verb, code, message, requests }];
  }
}

/** AWS's passing faults carry this mark (`aws/aws-call-error.ts`); so does a write that others have not seen yet. */
function isTransient(error: unknown): boolean {
  return (
    error instanceof CordonError &&
    ((error as { isTransient?: unknown }).isTransient === true ||
      error.code === "propagation_pending" ||
      error.code === "store_busy")
  );
}

function describe(error: unknown): { readonly code: string; readonly message: string; readonly remedy: string } {
  if (error instanceof CordonError)
    return { code: error.code, message: error.message.slice(0, 2000), remedy: error.remedy };
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    code: "unexpected",
    message: message.slice(0, 2000),
    remedy: "This is a defect of Cordon: please report it with the journal.",
  };
}
