import { decideStage } from "../../runners/decisions.ts";
import { casesNamed, type Desk, isOver, sessionOf } from "../desk.ts";
import { wrongUsage } from "../failure.ts";
import { exitCodeOf, worstOf } from "../verdicts.ts";
import { printOutcomes, workOn } from "./respond.ts";

export interface DecisionFlags {
  readonly decision: "approve" | "reject";
  readonly stage?: string;
  readonly reason?: string;
}

/** Records this person's decision, and carries the case on. */
export async function decide(desk: Desk, name: string, { decision, stage, reason }: DecisionFlags): Promise<number> {
  if (decision === "reject" && (reason ?? "").trim() === "") {
    throw wrongUsage("reject", {
      what: "A rejection without --reason",
      reason: "whoever reads the case must know why",
    });
  }
  const state = (await casesNamed(desk.store, name)).findLast((each) => !isOver(each));
  if (!state) throw wrongUsage(decision, { what: `Case ${name}`, reason: "it is over" });
  const session = await sessionOf(desk, state);
  const { approval, alsoIn } = await decideStage(
    session.runner,
    {
      caseId: state.id,
      decision,
      reason: reason ?? null,
      by: desk.environment.person,
      ...(stage === undefined ? {} : { stage }),
    },
    desk.environment.config.approvers,
  );
  const missing = approval.required - approval.approvedBy.length;
  if (approval.state === "pending" && missing > 0)
    desk.output.narrate(`Recorded. ${missing} more of ${approval.of} must approve.`);
  if (alsoIn.length > 0) desk.output.narrate(`The same was asked in, and is answered for: ${alsoIn.join(", ")}.`);
  const states = await workOn(desk, session, { ids: [state.id, ...alsoIn], wait: false });
  await printOutcomes(desk, states);
  return decision === "reject" ? 0 : worstOf(states.map(exitCodeOf));
}
