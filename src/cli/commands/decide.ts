import { lineInWords } from "../../core/approval.ts";
import type { CaseState } from "../../core/case.ts";
import { decideStage, waitingApproval } from "../../runners/decisions.ts";
import { confirm } from "../confirm.ts";
import { casesNamed, type Desk, isOver, sessionOf } from "../desk.ts";
import { explain, wrongUsage } from "../failure.ts";
import { printable } from "../render/story.ts";
import { exitCodeOf, worstOf } from "../verdicts.ts";
import { printOutcomes, workOn } from "./work-on.ts";

export interface DecisionFlags {
  readonly decision: "approve" | "reject";
  readonly stage?: string;
  readonly reason?: string;
  /** Of what the person read; on a terminal it is shown and asked when left out. */
  readonly hash?: string;
}

/** Records this person's decision, and carries the case on. */
export async function decide(desk: Desk, name: string, flags: DecisionFlags): Promise<number> {
  const { decision, stage, reason } = flags;
  if (decision === "reject" && (reason ?? "").trim() === "") {
    throw wrongUsage("reject", {
      what: "A rejection without --reason",
      reason: "whoever reads the case must know why",
    });
  }
  const state = (await casesNamed(desk.store, name)).findLast((each) => !isOver(each));
  if (!state) throw wrongUsage(decision, { what: `Case ${name}`, reason: "it is over" });
  const hash = await hashRead(desk, state, flags);
  const session = await sessionOf(desk, state);
  const { approval, alsoIn, unanswered } = await decideStage(
    session.runner,
    {
      caseId: state.id,
      decision,
      reason: reason ?? null,
      hash,
      by: desk.environment.person,
      now: session.connection.clock.now(),
      ...(stage === undefined ? {} : { stage }),
    },
    desk.environment.config.approvers,
  );
  const missing = approval.required - approval.approvedBy.length;
  if (approval.state === "pending" && missing > 0)
    desk.output.narrate(`Recorded. ${missing} more of ${approval.of} must approve.`);
  if (alsoIn.length > 0) desk.output.narrate(`The same was asked in, and is answered for: ${alsoIn.join(", ")}.`);
  for (const { caseId, error } of unanswered)
    desk.output.complain(`${caseId}: not seen whether it asks the same: ${explain(error).lines.join(" ")}`);
  const { states, exitCode } = await workOn(desk, session, { ids: [state.id, ...alsoIn], wait: false });
  await printOutcomes(desk, states);
  const unseen = unanswered.length === 0 ? 0 : 3;
  return worstOf(decision === "reject" ? [unseen, exitCode] : [...states.map(exitCodeOf), unseen, exitCode]);
}

/**
 * The hash of what this person read: as named, or of what is shown on the terminal now. A no needs none.
 *
 * @throws CordonError `input_invalid` where a yes names none and nobody can be asked
 */
async function hashRead(
  desk: Desk,
  state: CaseState,
  { decision, stage, hash }: DecisionFlags,
): Promise<string | null> {
  if (hash !== undefined) {
    if (/^[0-9a-f]{16,64}$/i.test(hash)) return hash;
    throw wrongUsage(decision, { what: `--hash ${hash}`, reason: "expected 16 to 64 hexadecimal digits" });
  }
  const { environment, output } = desk;
  const approval = waitingApproval(state, stage);
  if (!environment.hasTerminal) {
    if (decision === "reject") return null;
    throw wrongUsage("approve", {
      what: "An approval without --hash",
      reason: `it does not say what was read, and there is no terminal to show it on. Nothing was decided. \`cordon cases show ${state.id}\` prints the lines and their hash`,
    });
  }
  output.complain(`Stage ${approval.stage} of ${state.id} asks:`);
  for (const line of approval.lines) output.complain(`  ${printable(lineInWords(line))}`);
  output.complain(`  hash ${approval.hash}`);
  await confirm(desk, { words: [decision], isAgreed: false, flag: `cordon ${decision}` });
  return approval.hash;
}
