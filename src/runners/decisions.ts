import { answersToo } from "../core/approval.ts";
import type { ApprovalRecord, CaseState } from "../core/case.ts";
import { CordonError } from "../core/errors.ts";
import type { Actor } from "../core/journal.ts";
import type { LocalRunner } from "./local.ts";

export interface PersonsDecision {
  readonly caseId: string;
  /** Left out: the one stage that waits. */
  readonly stage?: string;
  readonly decision: "approve" | "reject";
  readonly reason: string | null;
  readonly by: Actor;
}

/** Who may decide, by list; a list that is not there names nobody. */
export type Approvers = Readonly<Record<string, readonly string[]>>;

/** What a person's decision came to. */
export interface Decided {
  readonly approval: ApprovalRecord;
  /** Other cases that waited for an answer to the very same question, and have it now. */
  readonly alsoIn: readonly string[];
}

/**
 * Records a person's decision on the stage that waits for one; a yes also in every other case that asks the same about a
 * resource that they share.
 *
 * @throws CordonError `approval_not_pending`, `approval_not_yours`
 */
export async function decideStage(runner: LocalRunner, wish: PersonsDecision, approvers: Approvers): Promise<Decided> {
  const state = await runner.load(wish.caseId);
  const pending = [...state.approvals.values()].filter(({ state: at }) => at === "pending");
  const approval = wish.stage === undefined ? pending[0] : pending.find(({ stage }) => stage === wish.stage);
  if (!approval || (wish.stage === undefined && pending.length > 1)) {
    throw new CordonError("approval_not_pending", { case: wish.caseId, stage: wish.stage ?? "(any)" });
  }
  const reason = whyNot(state, approval, wish, approvers);
  if (reason !== null) {
    throw new CordonError("approval_not_yours", {
      person: wish.by.id,
      stage: approval.stage,
      case: wish.caseId,
      reason,
    });
  }
  const { stage, hash, lines } = approval;
  await runner.append(
    wish.caseId,
    [{ type: "approval.decided", stage, hash, decision: wish.decision, reason: wish.reason }],
    wish.by,
  );
  const decided = (await runner.load(wish.caseId)).approvals.get(stage);
  if (!decided) throw new TypeError(`the approval of ${stage} is gone from the journal`);
  // A no is said of one case, often for a reason of its own: the others go on asking.
  const alsoIn = wish.decision === "approve" ? await decideAlike(runner, { wish, lines }, approvers) : [];
  return { approval: decided, alsoIn };
}

async function decideAlike(
  runner: LocalRunner,
  { wish, lines }: { readonly wish: PersonsDecision; readonly lines: readonly string[] },
  approvers: Approvers,
): Promise<readonly string[]> {
  if (!answersToo(lines, lines)) return []; // It is about the target itself: nobody else's question.
  const others = (await runner.cases()).filter((id) => id !== wish.caseId);
  const told = await Promise.all(
    others.map(async (id) => {
      const state = await runner.load(id).catch(() => null); // A journal that cannot be read keeps no other from its answer.
      if (state === null || state.release !== null || state.settled !== null) return [];
      const alike = [...state.approvals.values()].filter(
        (each) => each.state === "pending" && answersToo(lines, each.lines),
      );
      const mine = alike.filter((each) => whyNot(state, each, wish, approvers) === null);
      if (mine.length === 0) return [];
      const reason = [wish.reason ?? "", `as decided in ${wish.caseId}`].filter((part) => part !== "").join("; ");
      const { decision } = wish;
      const decisions = mine.map(({ stage, hash }) => ({
        type: "approval.decided" as const,
        stage,
        hash,
        decision,
        reason,
      }));
      await runner.append(id, decisions, wish.by);
      return [id];
    }),
  );
  return told.flat();
}

function whyNot(
  state: CaseState,
  approval: ApprovalRecord,
  { by, decision }: PersonsDecision,
  approvers: Approvers,
): string | null {
  const list = approvers[approval.of] ?? [];
  if (!list.includes(by.id))
    return `not in the list ${approval.of} (${list.length === 0 ? "which is empty" : list.join(", ")})`;
  if (decision === "reject") return null;
  if (approval.approvedBy.includes(by.id)) return "approved it already: another person must";
  const isOpener = state.orderedBy === by.id;
  if (isOpener && approval.required === approval.approvedBy.length + 1 && approval.approvedBy.length === 0) {
    return "opened the case, and cannot be its only approver";
  }
  return null;
}
