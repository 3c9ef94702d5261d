import type { CaseState, ChangeRecord } from "../core/case.ts";
import type { Artifact } from "../core/artifact.ts";
import { changeId, type Change, type ChangeDraft, type Left } from "../core/change.ts";
import type { Happening } from "../core/journal.ts";
import type { Json } from "../core/json.ts";
import type { Collection, Item, PlanningStep, SharedStep, Step, Verification } from "../core/step.ts";
import type { Append, Fences } from "../core/store.ts";
import { actKey } from "./acts.ts";
import { anchor } from "./anchor.ts";
import { contextOf } from "./context.ts";
import { artifactsStored, assess } from "./evidence.ts";
import { failureOf } from "./failure.ts";
import { isOvertaken } from "./held-lease.ts";
import type { Bench, Doing, Frame } from "./frame.ts";
import { type ObservedCall, requestsOf } from "./ports.ts";
import type { Lock } from "./reconciler.ts";
import { stepOf } from "./registry.ts";

/** What an act leaves behind: events, and what the store keeps beside the journal. */
export interface Performed extends Pick<Append, "originals" | "restored"> {
  readonly events: readonly Happening[];
}

/** Pauses between two looks of a verify that says "not yet". */
const LOOKS_MS = [250, 500, 1000, 2000, 4000];

/** Carries out one verb of one step and says what happened. Faults that pass become a postponement, others a failure. */
export async function perform(frame: Frame): Promise<Performed> {
  const { act, state, ports, signal } = frame;
  if (act.verb === "anchor") return anchor(frame);
  const seen = state.sequence; // The state moves on while the act is under way.
  const step = stepOf(ports.registry, act.verb === "plan" || act.verb === "assess" ? act.use.use : act.step);
  const record = act.verb === "plan" || act.verb === "assess" ? null : recordOf(state, act.change);
  const lock: Lock = { held: null };
  const { context, calls } = contextOf(ports, {
    state,
    step,
    act: actKey(act),
    attempt: record?.attempt ?? 1,
    lookSince: record?.unansweredSince ?? null,
    signal,
    beforeChange: async () => {
      await frame.lease?.demand();
      await lock.held?.demand();
    },
  });
  const bench: Bench = { step, context, calls, lock };
  try {
    switch (act.verb) {
      case "plan":
        return await plan(frame, bench, { ...act, seen });
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
    if (signal.aborted || isOvertaken(error)) throw error; // Who was overtaken may not say how the act ended.
    return { events: failureOf(frame, bench, error) };
  }
}

function fencesOf({ lease }: Frame): Fences {
  return lease ? [lease.fence] : [];
}

function recordOf(state: CaseState, id: string): ChangeRecord {
  const record = state.changes.get(id);
  if (!record) throw new TypeError(`there is no change ${id} in case ${state.id}`);
  return record;
}

async function plan(
  { state }: Frame,
  { step, context, calls }: Bench,
  act: Extract<Doing, { readonly verb: "plan" }> & { readonly seen: number },
): Promise<Performed> {
  if (step.kind === "assessment") throw new TypeError(`${step.id} has no plan`);
  const input = step.input.parse(act.use.with) as never;
  const { drafts, left } = await draftsOf(step, context, input);
  const changes = drafts.map((draft): Change => ({ ...draft, id: changeId(step.id, draft), step: step.id }));
  const requests = requestsOf(calls);
  const fresh = changes.filter(({ id }) => !isUnderWay(state.changes.get(id)) && !isCollected(state, id));
  const originals = fresh
    .filter(({ ofTarget, attribute }) => ofTarget === true && attribute !== undefined)
    .map(({ resource, attribute, before }) => ({ resource, attribute: attribute as string, value: before }));
  const reversible = step.kind === "collection" ? "nothing to undo" : step.reversible;
  return {
    events: [
      {
        type: "step.planned",
        stage: act.stage,
        step: step.id,
        changes: fresh,
        left,
        reversible,
        seen: act.seen,
        began: new Date(context.now).toISOString(),
        requests,
      },
    ],
    originals,
  };
}

/** What a step plans; what is to be collected goes through the journal in the shape of changes. */
async function draftsOf(
  step: PlanningStep,
  context: Bench["context"],
  input: never,
): Promise<{ readonly drafts: readonly ChangeDraft[]; readonly left: readonly Left[] }> {
  if (step.kind !== "collection") {
    const { changes, left } = await step.plan(context, input);
    return { drafts: changes as readonly ChangeDraft[], left };
  }
  const { items, left } = await (step as Collection).plan(context, input);
  const drafts = items.map(({ details, ...item }): ChangeDraft => ({
    ...item,
    before: null,
    after: details,
    collects: true,
  }));
  return { drafts, left };
}

/** A change that has begun keeps its own course; a plan does not touch it. */
function isUnderWay(record: ChangeRecord | undefined): boolean {
  return record?.state === "started" || record?.state === "applied";
}

/** Evidence that was saved is not saved a second time because a plan was made again. */
function isCollected({ changes, artifacts }: CaseState, id: string): boolean {
  const record = changes.get(id);
  if (record?.change.collects !== true) return false;
  return record.state === "verified" || artifacts.some(({ item }) => item === id);
}

async function run(frame: Frame, bench: Bench, record: ChangeRecord): Promise<Performed> {
  const { state, reconciler } = frame;
  const { step, context, calls, lock } = bench;
  const { change } = record;
  if (step.kind === "collection") return collect(bench, record, state);
  if (step.kind === "shared") {
    const outcome = await reconciler.claim(step, context, claimOf(step, change, state.id), {
      lock,
      fences: fencesOf(frame),
    });
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

async function collect({ step, context, calls }: Bench, record: ChangeRecord, state: CaseState): Promise<Performed> {
  const { change } = record;
  const result = await (step as Collection).collect(context, itemOf(change), record.progress);
  if (result.kind === "later")
    return { events: [progressed({ record, verb: "run", result, now: context.now, calls })] };
  const stored = artifactsStored(change.id, result.artifacts, state);
  const outcome = { artifacts: stored.length };
  return { events: [...stored, { type: "change.applied", change: change.id, outcome, requests: requestsOf(calls) }] };
}

function itemOf({ id, resource, attribute, after }: Change): Item {
  return { id, resource, details: after, ...(attribute === undefined ? {} : { attribute }) };
}

function artifactsOf({ artifacts }: CaseState, item: string): readonly Artifact[] {
  return artifacts.filter((artifact) => artifact.item === item);
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
  let giveUpAt: number | null = null;
  for (let look = 0; ; look++) {
    const looking = { ...context, now: clock.now() };
    const before = calls.length;
    const seen: Verification =
      step.kind === "collection"
        ? await (step as Collection).verify(looking, itemOf(change), artifactsOf(frame.state, change.id))
        : await (step as Step).verify(looking, change, record.outcome);
    const requests = requestsOf(calls);
    const { what, expected, observed } = seen;
    if (seen.kind === "ok")
      return { events: [{ type: "change.verified", change: change.id, what, expected, observed, requests }] };
    // From when AWS was first asked: what a call waits for its turn is no time that the change had to be seen.
    giveUpAt ??= Math.max(record.appliedAt, calls[before]?.startedAt ?? looking.now) + step.settlesWithinMs;
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
    const pauseMs = LOOKS_MS[Math.min(look, LOOKS_MS.length - 1)] ?? 1000;
    const quietMs = Math.min(seen.notBefore ?? 0, giveUpAt) - clock.now();
    await clock.sleep(Math.max(pauseMs, quietMs), frame.signal);
  }
}

async function revert(frame: Frame, { step, context, calls, lock }: Bench, record: ChangeRecord): Promise<Performed> {
  const { state, reconciler } = frame;
  const { change } = record;
  if (step.kind === "shared") {
    const claim = claimOf(step, change, state.id);
    const left = step.residue?.(context, change as never) ?? null;
    await reconciler.release(step, context, {
      claim,
      residue: left && { ...claim, value: left.value, until: left.until },
      under: { lock, fences: fencesOf(frame) },
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
