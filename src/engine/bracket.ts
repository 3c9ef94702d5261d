import type { ChangeRecord } from "../core/case.ts";
import type { Stage } from "../core/playbook.ts";
import { changesOf, isUnfinished } from "./changes.ts";
import type { Draft, Situation } from "./draft.ts";
import { stepOf } from "./registry.ts";

/** How far what stands around a stage is. */
export type Bracket = "none" | "opening" | "open" | "over";

/** Whether the steps of a stage may begin: what they need must be there, or have failed. */
export function bracketOf({ state }: Situation, stage: Stage): Bracket {
  if (!stage.around) return "none";
  const record = state.steps.get(`${stage.id}/${stage.around.use}`);
  if (!record) return "opening";
  if (record.status === "failed") return "over";
  const changes = changesOf(state, stage.id, stage.around.use);
  if (changes.some((change) => isUnfinished(change) && !isOpen(change))) return "opening";
  return changes.some(isOpen) ? "open" : "over";
}

/** Its run made the change and waits to be called again. */
function isOpen({ state, progress }: ChangeRecord): boolean {
  return state === "started" && progress !== null;
}

/** Takes back what stands around a stage: every change whose run waits is called again, before it is due. */
export function closeBracket(draft: Draft, stage: Stage): void {
  if (!stage.around) return;
  for (const record of changesOf(draft.situation.state, stage.id, stage.around.use)) {
    const { id, resource, step } = record.change;
    if (isOpen(record)) draft.add({ verb: "run", change: id, resource, step });
  }
}

/** Ends what a bounded stage has not saved in its time. True when there was something to end. */
export function endOverdue(draft: Draft, stage: Stage): boolean {
  const { state, now, registry } = draft.situation;
  const startedAt = state.stages.get(stage.id)?.startedAt;
  if (stage.within === null || startedAt === undefined) return false;
  const over = startedAt + stage.within;
  if (now < over) {
    draft.wake(over);
    return false;
  }
  const message = `It was not done when the time of stage ${stage.id} was over.`;
  let ended = false;
  for (const { use } of stage.steps) {
    if (stepOf(registry, use).kind !== "collection") continue;
    if (!state.steps.has(`${stage.id}/${use}`)) {
      ended = true;
      const remedy = "Give the stage more time (`within`), or look at what held its calls up.";
      draft.add({
        verb: "note",
        body: {
          type: "step.failed",
          stage: stage.id,
          step: use,
          refused: false,
          code: "took_too_long",
          message,
          remedy,
        },
      });
    }
    for (const { change } of changesOf(state, stage.id, use).filter(isUnfinished)) {
      ended = true;
      const code = "took_too_long";
      draft.add({
        verb: "note",
        body: { type: "change.failed", change: change.id, verb: "run", code, message, requests: [] },
      });
    }
  }
  return ended;
}
