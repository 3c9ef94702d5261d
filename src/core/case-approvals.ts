import type { ApprovalRecord, CaseState } from "./case.ts";
import type { Happening, JournalEvent } from "./journal.ts";

/** How many earlier questions of a stage are kept. */
const MOST_EARLIER = 5;

/** Moves an approval along its states. */
export function applyApproval(state: CaseState, event: JournalEvent, at: number): void {
  const { body } = event;
  if (body.type === "approval.asked") {
    const { stage, hash, required, of, lines, onTimeout = null } = body;
    const before = state.approvals.get(stage);
    const earlier = before ? [...before.earlier, { hash: before.hash, lines: before.lines }] : [];
    const askedAt = before?.askedAt ?? at; // Asked again after a void: the deadline runs on.
    state.approvals.set(stage, {
      stage,
      hash,
      required,
      of,
      lines,
      isCut: body.whole !== undefined,
      earlier: earlier.slice(-MOST_EARLIER),
      askedAt,
      deadline: Date.parse(body.deadline),
      state: "pending",
      onTimeout,
      consequence: null,
      approvedBy: [],
      decidedAt: null,
      reason: null,
    });
    return;
  }
  if (!("stage" in body) || body.stage === null) return;
  const approval = state.approvals.get(body.stage);
  if (!approval) return;
  if (body.type === "approval.decided" && body.hash === approval.hash && decidable(approval, body, at)) {
    decide(approval, body, event.actor.id, at);
  } else if (body.type === "approval.expired") {
    approval.consequence = body.consequence;
    approval.state =
      body.consequence === "proceed" ? "approved" : body.consequence === "abort" ? "rejected" : approval.state;
    approval.decidedAt = at;
  } else if (body.type === "approval.voided") {
    approval.state = "voided";
  }
}

/**
 * Whether a decision counts. After its deadline with `hold` or `escalate` an approval still takes one. Where the playbook
 * aborts at the deadline, a later yes does not count, also when no process was there to write the end down.
 */
function decidable(
  { state, deadline, onTimeout }: ApprovalRecord,
  { decision }: Extract<Happening, { type: "approval.decided" }>,
  at: number,
): boolean {
  const isTooLate = decision === "approve" && onTimeout === "abort" && at >= deadline;
  return state === "pending" && !isTooLate;
}

function decide(
  approval: ApprovalRecord,
  body: Extract<Happening, { type: "approval.decided" }>,
  person: string,
  at: number,
): void {
  approval.decidedAt = at;
  approval.reason = body.reason;
  if (body.decision === "reject") {
    approval.state = "rejected";
    return;
  }
  if (!approval.approvedBy.includes(person)) approval.approvedBy.push(person);
  if (approval.approvedBy.length >= approval.required) approval.state = "approved";
}
