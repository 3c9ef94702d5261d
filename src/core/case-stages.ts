import type { CaseState } from "./case.ts";
import type { Happening, StageOutcome } from "./journal.ts";

/** A stage whose turn has come. */
export interface StageRecord {
  readonly startedAt: number;
  /** When its steps begin, where that is later than its turn. */
  readonly dueAt: number | null;
  /** Null while it goes on. */
  readonly outcome: StageOutcome | null;
}

/** Applies what happened to a stage, in place. */
export function applyStage(
  { stages }: CaseState,
  body: Extract<Happening, { type: "stage.started" | "stage.ended" }>,
  at: number,
): void {
  const fresh = { startedAt: at, dueAt: null };
  if (body.type === "stage.ended") {
    stages.set(body.stage, { ...(stages.get(body.stage) ?? fresh), outcome: body.outcome });
    return;
  }
  const dueAt = body.due === undefined ? null : Date.parse(body.due);
  stages.set(body.stage, { ...fresh, dueAt, outcome: null });
}
