import { CordonError, type ErrorCode, Refusal } from "../core/errors.ts";
import type { Happening } from "../core/journal.ts";
import { postponedKey } from "./acts.ts";
import type { Bench, Frame } from "./frame.ts";
import { requestsOf } from "./ports.ts";

/** How often an act is tried again after faults that pass, and how long the pause grows. */
export const MOST_TRIES = 8;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** How long to wait after the n-th failure in a row, from 0. */
export function pauseMs(times: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(times, 10));
}

/** What a verb's failure means for the case: tried again after faults that pass, else the change or the step has failed. */
export function failureOf(frame: Frame, { step, calls }: Bench, error: unknown): readonly Happening[] {
  const { act, state, ports } = frame;
  const { code, message, remedy } = describe(error);
  const { verb, subject } = postponedKey(act);
  const times = state.postponed.get(`${verb} ${subject}`)?.times ?? 0;
  const requests = requestsOf(calls);
  const lost = hasUnknownEffect(error) ? { lost: true } : {};
  const postpone = (afterMs: number): Happening => {
    const until = new Date(ports.clock.now() + afterMs).toISOString();
    return { type: "act.postponed", subject, verb, code, message, until, ...lost, requests };
  };
  const record = act.verb === "run" ? state.changes.get(act.change) : undefined;
  const isHalfDone = record !== undefined && record.progress !== null && record.change.collects !== true;
  // What was opened must be closed: no failure of the closing call ends the trying.
  if (isHalfDone) return [postpone(pauseMs(times))];
  if (isTransient(error) && times < MOST_TRIES) return [postpone(pauseMs(times))];
  switch (act.verb) {
    case "anchor":
      return [postpone(pauseMs(times))];
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

/** What ails this machine, and somebody may mend while the case waits: it says nothing about the change. */
const LOCAL: ReadonlySet<ErrorCode> = new Set([
  "disk_full",
  "store_busy",
  "store_failed",
  "store_unwritable",
  "vault_unwritable",
]);

/** AWS's passing faults carry this mark (`aws/aws-call-error.ts`); so does a write that others have not seen yet. */
function isTransient(error: unknown): boolean {
  return (
    error instanceof CordonError &&
    ((error as { isTransient?: unknown }).isTransient === true ||
      error.code === "propagation_pending" ||
      LOCAL.has(error.code))
  );
}

/** Whether a call may have had its effect though nobody was told so (`aws/aws-call-error.ts`). */
function hasUnknownEffect(error: unknown): boolean {
  return error instanceof CordonError && (error as { hasUnknownEffect?: unknown }).hasUnknownEffect === true;
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
