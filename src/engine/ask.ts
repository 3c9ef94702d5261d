import { approvalHash, approvalLines, beyondApproval } from "../core/approval.ts";
import type { ApprovalRecord, CaseState } from "../core/case.ts";
import type { Approval, Playbook, Stage, StepUse } from "../core/playbook.ts";
import { changesOf } from "./changes.ts";
import type { Draft } from "./draft.ts";
import { isChanging, stepOf } from "./registry.ts";

/** Whether the changes of a stage may be carried out. */
export type MayAct = "go" | "wait" | "rejected";

/** Asks people where the stage asks, and says what their answer is so far. */
export function decideApproval(draft: Draft, stage: Stage, steps: readonly StepUse[]): MayAct {
  const { state, playbook, registry, now } = draft.situation;
  const asked = approvalOf(state, stage);
  if (!asked || !asks(state, playbook, stage)) return withdrawn(draft, stage);
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
    noteAsked(draft, { stage, asked, lines, before: approval });
    return "wait";
  }
  if (approval.state === "rejected") return "rejected";
  // Of an approval that was too long for the journal only the hash says what was agreed to.
  const isSame = approval.hash === approvalHash(lines);
  const beyond = isSame ? [] : approval.isCut ? lines.slice(0, 1) : beyondApproval(approval.lines, lines);
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
        body: { type: "approval.expired", stage: stage.id, consequence: asked.onTimeout },
      });
    } else draft.wake(approval.deadline);
  }
  return "wait";
}

/** Why an approval is void that nothing asks for any more. */
export const NOBODY_ASKED = "nobody need be asked any more";

/** What waits for people goes on without them once nothing asks any more: the verdict has risen, or a person gave the order. */
function withdrawn(draft: Draft, stage: Stage): MayAct {
  const approval = draft.situation.state.approvals.get(stage.id);
  if (approval?.state === "pending") {
    const differences = [NOBODY_ASKED];
    draft.add({ verb: "note", body: { type: "approval.voided", stage: stage.id, hash: approval.hash, differences } });
  }
  return "go";
}

interface Asking {
  readonly stage: Stage;
  readonly asked: Approval;
  readonly lines: readonly string[];
  readonly before: ApprovalRecord | undefined;
}

function noteAsked(draft: Draft, { stage, asked, lines, before }: Asking): void {
  const deadline = before?.deadline ?? draft.situation.now + asked.within;
  draft.waitsForPeople = true;
  draft.add({
    verb: "note",
    body: {
      type: "approval.asked",
      stage: stage.id,
      hash: approvalHash(lines),
      of: asked.of,
      required: asked.required,
      deadline: new Date(deadline).toISOString(),
      onTimeout: asked.onTimeout,
      lines,
    },
  });
}

/** Asked for where people must be asked and the playbook foresees nobody. */
const UNFORESEEN: Approval = { of: "responders", required: 1, within: 900_000, onTimeout: "proceed", always: false };

/** What is known when it is decided whether people are asked. */
type Asked = Pick<CaseState, "verdict" | "orderedBy" | "mustAsk">;

/**
 * The decision that a stage waits for when it asks. Where people must be asked, a stage without one gets one, and where
 * nothing may happen without a person, silence holds whatever the playbook says.
 */
export function approvalOf({ mustAsk, orderedBy }: Asked, { approval }: Stage): Approval | null {
  if (mustAsk === null || orderedBy !== null) return approval;
  const asked = approval ?? UNFORESEEN;
  return mustAsk.unanswered === "hold" && asked.onTimeout === "proceed" ? { ...asked, onTimeout: "hold" } : asked;
}

/** Whether people must be asked: below the playbook's autonomy, where a reason stands in the case, or always. */
export function asks(state: Asked, playbook: Playbook, stage: Stage): boolean {
  const { verdict, orderedBy, mustAsk } = state;
  if (stage.approval?.always) return true;
  if (orderedBy !== null) return false;
  if (mustAsk !== null) return true;
  if (!stage.approval) return false;
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

/** Whether an instance may come to be contained though no person says so: because nobody is asked, or nobody answers. */
export function mayContainAlone(state: Asked, playbook: Playbook): boolean {
  return playbook.stages.some(
    (stage) =>
      stage.steps.some(({ use }) => use.startsWith("contain.")) &&
      (!asks(state, playbook, stage) || approvalOf(state, stage)?.onTimeout === "proceed"),
  );
}
