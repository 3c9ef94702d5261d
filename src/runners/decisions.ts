import { answersToo, differencesInWords, namesHash } from "../core/approval.ts";
import type { ApprovalRecord, CaseState } from "../core/case.ts";
import { CordonError } from "../core/errors.ts";
import type { Actor } from "../core/journal.ts";
import type { LocalRunner } from "./local.ts";

export interface PersonsDecision {
  readonly caseId: string;
  /** Left out: the one stage that waits. */
  readonly stage?: string;
  readonly decision: "approve" | "reject";
  /**
   * The hash of what the person read, or its first 16 or more digits. A yes always names one; null says no to whatever is asked.
   */
  readonly hash: string | null;
  readonly reason: string | null;
  readonly by: Actor;
  /** Milliseconds since 1970, on the clock of the case. Left out: the journal alone says whether it came in time. */
  readonly now?: number;
}

/** Who may decide, by list; a list that is not there names nobody. */
export type Approvers = Readonly<Record<string, readonly string[]>>;

/** What a person's decision came to. */
export interface Decided {
  readonly approval: ApprovalRecord;
  /** Other cases that waited for an answer to the very same question, and have it now. */
  readonly alsoIn: readonly string[];
  /** Other cases of which it could not be seen, or not be written, whether they ask the same. */
  readonly unanswered: readonly { readonly caseId: string; readonly error: unknown }[];
}

/**
 * Records a person's decision on the stage that waits for one; a yes also in every other case that asks the same about a
 * resource that they share.
 *
 * @throws CordonError `approval_not_pending`, `approval_not_yours`, `approval_changed`
 */
export async function decideStage(runner: LocalRunner, wish: PersonsDecision, approvers: Approvers): Promise<Decided> {
  const state = await runner.load(wish.caseId);
  const approval = waitingApproval(state, wish.stage);
  assertSameQuestion(approval, wish);
  const reason = whyNot(state, approval, wish, approvers);
  if (reason !== null) throw notYours(wish, approval.stage, reason);
  const { stage, hash, lines } = approval;
  await runner.append(
    wish.caseId,
    [{ type: "approval.decided", stage, hash, decision: wish.decision, reason: wish.reason }],
    wish.by,
  );
  const decided = (await runner.load(wish.caseId)).approvals.get(stage);
  if (!decided) throw new TypeError(`the approval of ${stage} is missing from the journal`);
  assertSameQuestion(decided, { ...wish, hash }); // Another process may have asked again meanwhile: the decision did not count.
  const isCounted = wish.decision === "reject" ? decided.state === "rejected" : decided.approvedBy.includes(wish.by.id);
  if (!isCounted) throw notYours(wish, stage, "somebody decided it, or its deadline passed, at the same moment");
  // A no is said of one case, often for a reason of its own: the others go on asking.
  const others =
    wish.decision === "approve" && !approval.isCut ? await decideAlike(runner, { wish, lines }, approvers) : [];
  return {
    approval: decided,
    alsoIn: others.flatMap(({ caseId, error }) => (error === undefined ? [caseId] : [])),
    unanswered: others.flatMap(({ caseId, error }) => (error === undefined ? [] : [{ caseId, error }])),
  };
}

/**
 * The approval of a case that a decision is about: the one of the stage, or the only one that waits.
 *
 * @throws CordonError `approval_not_pending`
 */
export function waitingApproval(state: CaseState, stage: string | undefined): ApprovalRecord {
  const pending = [...state.approvals.values()].filter(({ state: at }) => at === "pending");
  const approval = stage === undefined ? pending[0] : pending.find((each) => each.stage === stage);
  if (!approval || (stage === undefined && pending.length > 1))
    throw new CordonError("approval_not_pending", { case: state.id, stage: stage ?? "(any)" });
  return approval;
}

/** @throws CordonError `approval_changed` where the person read something else than what is asked */
function assertSameQuestion(
  approval: ApprovalRecord,
  { hash, decision, caseId }: Pick<PersonsDecision, "hash" | "decision" | "caseId">,
): void {
  const isNamed = typeof hash === "string";
  if (isNamed ? namesHash(hash, approval.hash) : decision === "reject" && hash === null) return;
  const read = isNamed ? approval.earlier.find((each) => namesHash(hash, each.hash)) : undefined;
  throw new CordonError("approval_changed", {
    case: caseId,
    stage: approval.stage,
    read: isNamed ? `hash ${hash}` : "no hash",
    hash: approval.hash,
    changes: read ? differencesInWords(read.lines, approval.lines) : "nothing with that hash was asked in this stage",
  });
}

function notYours({ by, caseId }: PersonsDecision, stage: string, reason: string): CordonError {
  return new CordonError("approval_not_yours", { person: by.id, stage, case: caseId, reason });
}

interface Carried {
  readonly caseId: string;
  readonly error?: unknown;
}

async function decideAlike(
  runner: LocalRunner,
  decided: { readonly wish: PersonsDecision; readonly lines: readonly string[] },
  approvers: Approvers,
): Promise<readonly Carried[]> {
  if (!answersToo(decided.lines, decided.lines)) return []; // It is about the target itself: nobody else's question.
  const others = (await runner.cases()).filter((id) => id !== decided.wish.caseId);
  const carried = await Promise.all(
    others.map((caseId) =>
      // A journal that cannot be read or written keeps no other case from its answer.
      decideIn(runner, { ...decided, caseId }, approvers).catch((error: unknown) => [{ caseId, error }]),
    ),
  );
  return carried.flat();
}

async function decideIn(
  runner: LocalRunner,
  { caseId, wish, lines }: { caseId: string; readonly wish: PersonsDecision; readonly lines: readonly string[] },
  approvers: Approvers,
): Promise<readonly Carried[]> {
  const state = await runner.load(caseId);
  if (state.settled !== null) return [];
  const mine = [...state.approvals.values()].filter(
    (each) => !each.isCut && answersToo(lines, each.lines) && whyNot(state, each, wish, approvers) === null,
  );
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
  await runner.append(caseId, decisions, wish.by);
  return [{ caseId }];
}

/** Why a person may not decide an approval; null where they may. */
export function whyNot(
  state: CaseState,
  approval: ApprovalRecord,
  { by, decision, now }: Pick<PersonsDecision, "by" | "decision" | "now">,
  approvers: Approvers,
): string | null {
  if (state.release !== null) return "the case is being released, or was";
  if (approval.state !== "pending") return `it is not pending: it is ${approval.state}`;
  const list = Object.hasOwn(approvers, approval.of) ? (approvers[approval.of] ?? []) : [];
  if (!list.includes(by.id))
    return `not in the list ${approval.of} (${list.length === 0 ? "which is empty" : list.join(", ")})`;
  if (decision === "reject") return null;
  if (approval.approvedBy.includes(by.id)) return "approved it already: another person must";
  if (approval.onTimeout === "abort" && now !== undefined && now >= approval.deadline)
    return `the deadline was ${new Date(approval.deadline).toISOString()}, and the playbook aborts then`;
  const isOpener = state.orderedBy === by.id || state.openedBy === by.id;
  if (isOpener && approval.required === 1) return "opened the case, and cannot be its only approver";
  return null;
}
