import { expect, test } from "vitest";
import { outcomeLines } from "../../src/cli/render/outcome.ts";
import { type CaseState, statusOf } from "../../src/core/case.ts";
import { createLaboratory, openCase, shippedPlaybook } from "./harness.ts";

const playbook = shippedPlaybook("compromised-instance");

const looks = ({ assessments }: CaseState): number =>
  assessments.filter(({ step }) => step === "assess.flow-logs").length;
const comes = (state: CaseState): readonly string[] =>
  outcomeLines(state).filter((line) => line.startsWith("Stage look-again"));

test("a case is left to people before its flow logs can be read, says when, and another process looks then", async () => {
  const range = { variants: ["flow-logs"] } as const;
  const laboratory = createLaboratory({ scenario: "c2-beacon", seed: 7, playbook, range });
  const { clock, signal } = laboratory;
  await clock.run(async () => {
    const life = laboratory.live();
    const caseId = await openCase(laboratory, life, playbook);
    const settled = await life.runner.work(caseId, { signal });
    expect([statusOf(settled), looks(settled)]).toEqual(["sealed", 0]); // What is missing of the proof is due.
    expect(comes(settled)).toEqual([`Stage look-again comes at 12:10Z: cordon resume ${caseId}`]);

    life.end();
    await clock.sleep(60_000);
    const early = await laboratory.live().runner.work(caseId, { signal });
    expect([looks(early), comes(early).length]).toEqual([0, 1]);

    await clock.sleep(600_000);
    const late = await laboratory.live().runner.work(caseId, { signal });
    expect(late.stages.get("look-again")?.outcome).toBe("done");
    expect([looks(late), comes(late).length]).toEqual([1, 0]);
    expect(late.assessments.at(-1)?.contained).toBe("sealed");
  });
  laboratory.close();
});
