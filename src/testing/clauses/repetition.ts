import { demandSameState } from "../end-state.ts";
import { demand } from "../contract-breach.ts";
import { type Course, type Examination, rehearse, type Stage, undisturbed, wholeCourse } from "../rehearsal.ts";
import { stagingsOf } from "../contract-options.ts";

/** Running twice is running once, and reverting twice is reverting once; each second time in another process. */
export function twiceIsOnce(examination: Examination): Promise<void> {
  const { step, options } = examination;
  return rehearse(examination, async (stage) => {
    await stage.case.carryOut(step, options.input);
    const once = stage.state();
    await stage.account.takeOver();
    for (const kept of stage.case.changesOf(step)) await stage.case.run(step, kept);
    demandSameState(once, stage.state(), "after a second run");
    for (const kept of stage.case.changesOf(step)) await stage.case.verify(step, kept);
    await revertAll(examination, stage);
    const reverted = stage.state();
    await stage.account.takeOver();
    await revertAll(examination, stage);
    demandSameState(reverted, stage.state(), "after a second revert");
  });
}

async function revertAll({ step }: Examination, { case: one }: Stage): Promise<void> {
  for (const kept of one.changesOf(step).toReversed()) await one.revert(step, kept);
}

/** Revert brings the account back, but for what the step declares; in every staging. */
export async function revertRestores(examination: Examination): Promise<void> {
  const { step, options } = examination;
  const { leaves = [] } = options;
  demand(
    step.reversible !== "exactly" || leaves.length === 0,
    "a step that is reversible exactly leaves nothing: take `leaves` away, or declare what does not come back",
  );
  demand(
    step.reversible === "exactly" || (step.notRestored ?? "") !== "",
    `it is not reversible exactly, and notRestored does not say what does not come back`,
  );
  for (const staging of stagingsOf(options)) {
    const first = stagingsOf(options)[0] === staging;
    const course = first
      ? await undisturbed(examination)
      : await rehearse(examination, (stage) => wholeCourse(examination, stage, staging), { staging });
    const undeclared = course.reverted.filter((line) => !leaves.some((pattern) => pattern.test(line)));
    demand(
      undeclared.length === 0,
      `revert leaves differences that the step does not declare (reversible: ${step.reversible})\n  ${undeclared.join("\n  ")}`,
    );
    demandSettled(course, leaves);
  }
}

/** What a residue left ends with it; what never comes back was there before it ended as well. */
function demandSettled({ reverted, settled }: Course, leaves: readonly RegExp[]): void {
  const undeclared = settled.filter(
    (line) => !leaves.some((pattern) => pattern.test(line)) || !reverted.includes(line),
  );
  demand(
    undeclared.length === 0,
    `differences are left when nobody claims anything any more\n  ${undeclared.join("\n  ")}`,
  );
}
