/** Finds what a case cut and somebody undid, so that it is put back under the approval that it has. */
import type { CaseState, ChangeRecord } from "../core/case.ts";
import type { Check, Survivor } from "../core/containment.ts";
import type { Happening } from "../core/journal.ts";
import type { Step, Verification } from "../core/step.ts";
import { contextOf } from "./context.ts";
import type { Frame } from "./frame.ts";
import { type ObservedCall, requestsOf } from "./ports.ts";
import { stepOf } from "./registry.ts";

/** A change that was verified this recently is not read back again: a storm's first proofs need their calls for the proof. */
const LOOKED_MS = 60_000;

/** A stale read must not look like a break: it counts when a second look, after this time, agrees. */
const LOOK_AGAIN_MS = 3_000;

/** So many breaks of one change within this time ask for a stronger lever. */
export const MOST_BREAKS = 3;
export const BREAKS_WITHIN_MS = 600_000;

/** What was read back: the breaks as events, and what they say in the proof. */
export interface ReadBack {
  readonly events: readonly Extract<Happening, { type: "change.broken" }>[];
  readonly checks: readonly Check[];
  readonly survivors: readonly Survivor[];
}

const NOTHING: ReadBack = { events: [], checks: [], survivors: [] };

/**
 * Reads every verified change of the cut back with the change's own `verify`. One that no longer holds is broken; the decisions
 * then run it again. What cannot be read is left alone here: the assessment itself says what it could not read.
 */
export async function readBack(frame: Frame, now: number): Promise<ReadBack> {
  const { state } = frame;
  // While a window is open, or a profile is lent, the cut is not what it will be.
  if (state.release !== null || [...state.changes.values()].some(isUnderWay)) return NOTHING;
  const records = [...state.changes.values()].filter((record) => isDue(record, state, now));
  const events = (await Promise.all(records.map((record) => breakOf(frame, record)))).flatMap((each) => each ?? []);
  return {
    events,
    checks: events.map(({ change, expected, observed }) => ({
      kind: "cut",
      code: "cut.step",
      what: `${change} holds`,
      ok: false,
      expected: brief(expected),
      observed: `undone: ${brief(observed)}`,
    })),
    survivors: events.flatMap(({ change }) => {
      const before = state.changes.get(change)?.brokenAt ?? [];
      return asksForMore([...before, now], now) ? [undoneSurvivor(change)] : [];
    }),
  };
}

/** Whether a change was undone so often that putting it back is not enough. */
export function asksForMore(brokenAt: readonly number[], now: number): boolean {
  return brokenAt.filter((at) => now - at <= BREAKS_WITHIN_MS).length >= MOST_BREAKS;
}

function isUnderWay({ state, under, progress }: ChangeRecord): boolean {
  return state === "started" || (under === "run" && progress !== null);
}

function isDue({ change, state: at, stage, verifiedAt, order }: ChangeRecord, state: CaseState, now: number): boolean {
  if (at !== "verified" || !change.step.startsWith("contain.") || verifiedAt === null) return false;
  if (now - verifiedAt < LOOKED_MS || state.stages.get(stage)?.outcome === "rejected") return false;
  // A later change of this case may have taken the place of this one.
  return ![...state.changes.values()].some(
    (other) =>
      other.change.id !== change.id &&
      other.change.resource === change.resource &&
      other.change.attribute === change.attribute &&
      other.hasBegun &&
      other.order > order,
  );
}

async function breakOf(
  { ports, state, signal }: Frame,
  record: ChangeRecord,
): Promise<ReadBack["events"][number] | null> {
  const { change } = record;
  const step = stepOf(ports.registry, change.step);
  if (step.kind !== "step" && step.kind !== "shared") return null;
  if (step.kind === "step" && step.repair === "never") return null;
  const { context, calls } = contextOf(ports, { state, step, act: `verify ${change.id}`, attempt: 1, signal });
  const look = (): Promise<Verification> =>
    (step as Step).verify({ ...context, now: ports.clock.now() }, change, record.outcome);
  try {
    if ((await look()).kind === "ok") return null;
    await ports.clock.sleep(LOOK_AGAIN_MS, signal);
    const seen = await look();
    return seen.kind === "ok" ? null : broken(change.id, seen, calls);
  } catch (error) {
    if (signal.aborted) throw error;
    return null;
  }
}

function broken(change: string, seen: Verification, calls: readonly ObservedCall[]): ReadBack["events"][number] {
  const { what, expected, observed } = seen;
  return { type: "change.broken", change, what, expected, observed, requests: requestsOf(calls) };
}

function undoneSurvivor(change: string): Survivor {
  return {
    code: "cut.undone",
    way: `undone ${change}`,
    what: `${change}, which somebody undid ${MOST_BREAKS} times within ${BREAKS_WITHIN_MS / 60_000} minutes`,
    kind: "other",
    certainty: "indicated",
    why: "whoever undoes it has the permissions to undo it again",
    lever:
      "contain.stop for the network; a service control policy for credentials; take the permissions from who undoes it",
    blastRadius: "with contain.stop the instance, which loses its memory and its work",
  };
}

function brief(value: unknown): string {
  return (typeof value === "string" ? value : JSON.stringify(value)).slice(0, 300);
}
