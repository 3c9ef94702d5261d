import { approvalHash, approvalLines, beyondApproval } from "../core/approval.ts";
import type { ApprovalRecord, CaseState } from "../core/case.ts";
import type { Playbook, Stage, StepUse } from "../core/playbook.ts";
import { changesOf } from "./changes.ts";
import type { Draft } from "./draft.ts";
import { isChanging, stepOf } from "./registry.ts";

/** Whether the changes of a stage may be carried out. */
export type MayAct = "go" | "wait" | "rejected";

/** Asks people where the stage asks, and says what their answer is so far. */
export function decideApproval(draft: Draft, stage: Stage, steps: readonly StepUse[]): MayAct {
  const { state, playbook, registry, now } = draft.situation;
  if (!stage.approval || !asks(state, playbook, stage)) return "go";
  const acting = steps.filter(({ use }) => isChanging(stepOf(registry, use)));
  if (!acting.every(({ use }) => state.steps.has(`${stage.id}/${use}`))) return "wait"; // Everything is planned before people are asked.
  const changes = acting.flatMap(({ use }) => changesOf(state, stage.id, use));
  if (changes.length === 0) return "go";
  const lines = approvalLines({
    playbook: playbook.id,
    stage,
    target: state.target,
    changes: changes.map(({ change }) => change),
  });
  const approval = state.approvals.get(stage.id);
  if (!approval || approval.state === "voided") {
    noteAsked(draft, stage, lines, approval);
    return "wait";
  }
  if (approval.state === "rejected") return "rejected";
  const beyond = beyondApproval(approval.lines, lines);
  if (beyond.length > 0) {
    draft.add({
      verb: "note",
      body: { type: "approval.voided", stage: stage.id, hash: approval.hash, differences: beyond.slice(0, 20) },
    });
    return "wait";
  }
  if (approval.state === "approved") return "go";
  draft.waitsForPeople = true;
  if (approval.consequence === null) {
    if (now >= approval.deadline) {
      draft.add({
        verb: "note",
        body: { type: "approval.expired", stage: stage.id, consequence: stage.approval.onTimeout },
      });
    } else draft.wake(approval.deadline);
  }
  return "wait";
}

function noteAsked(draft: Draft, stage: Stage, lines: readonly string[], before: ApprovalRecord | undefined): void {
  const { approval } = stage;
  if (!approval) return;
  const deadline = before?.deadline ?? draft.situation.now + approval.within;
  draft.waitsForPeople = true;
  draft.add({
    verb: "note",
    body: {
      type: "approval.asked",
      stage: stage.id,
      hash: approvalHash(lines),
      of: approval.of,
      required: approval.required,
      deadline: new Date(deadline).toISOString(),
      lines: lines.slice(0, 200),
    },
  });
}

/** Whether people must be asked: below the playbook's autonomy, or always. */
export function asks(
  { verdict, orderedBy }: Pick<CaseState, "verdict" | "orderedBy">,
  playbook: Playbook,
  stage: Stage,
): boolean {
  if (!stage.approval) return false;
  if (stage.approval.always) return true;
  if (orderedBy !== null) return false;
  switch (playbook.autonomy) {
    case "ask":
      return true;
    case "confirmed":
      return verdict !== "compromised";
    case "suspected":
      return verdict !== "compromised" && verdict !== "suspected";
    default:
      return playbook.autonomy satisfies never;
  }
}
