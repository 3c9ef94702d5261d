import type { Change, ChangeDraft, ChangeState } from "../core/change.ts";
import { CordonError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";

/** A change as a journal would keep it: everything in it went through JSON. */
export interface KeptChange {
  readonly change: Change;
  state: ChangeState;
  under: "run" | "revert" | null;
  attempt: number;
  /** See ChangeRecord. */
  startedAt: number | null;
  unansweredSince: number | null;
  progress: Json;
  outcome: Json;
  appliedAt: number;
  verifiedAt: number | null;
}

/** Members that are there without a value say nothing: the journal drops them. */
export function withoutAbsent(draft: ChangeDraft): ChangeDraft {
  return Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined)) as unknown as ChangeDraft;
}

/** As the engine sees it: AWS may do it a little later. */
export function passes(error: unknown): boolean {
  if (!(error instanceof CordonError)) return false;
  return (
    (error as { isTransient?: unknown }).isTransient === true ||
    error.code === "propagation_pending" ||
    error.code === "store_busy"
  );
}
