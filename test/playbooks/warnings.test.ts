import { describe, expect, it } from "vitest";
import { shippedPlaybooks } from "../../bench/playbooks.ts";
import { steps } from "../../src/steps/index.ts";
import { readPlaybook } from "../../src/playbooks/read.ts";
import { warningsOf } from "../../src/playbooks/warnings.ts";

const warningsFor = (...stages: string[]): readonly string[] =>
  warningsOf(
    readPlaybook(`id: own\ntitle: Own\nstages:\n${stages.map((stage) => `  - ${stage}\n`).join("")}`, {
      file: "own.yaml",
      steps,
    }),
  );

const cut = "{ id: cut, steps: [contain.security-groups] }";
const prove = "{ id: prove, steps: [assess.containment] }";
const warning =
  "Stage cut cuts, and no stage from there on has assess.containment: the answer of the case will not include what it did.";

describe("the warnings about a playbook", () => {
  it("name a cut that nothing proves, or that is proved only before it", () => {
    expect(warningsFor(cut)).toEqual([warning]);
    expect(warningsFor(prove, cut)).toEqual([warning]);
    expect(warningsFor(cut, "{ id: look, steps: [assess.flow-logs] }")).toEqual([warning]);
  });

  it("are none if it is proved, or nothing is cut", () => {
    expect(warningsFor(cut, prove)).toEqual([]);
    expect(warningsFor("{ id: save, steps: [preserve.case-tags] }")).toEqual([]);
  });
});

describe("every shipped playbook that cuts", () => {
  it.each(shippedPlaybooks())("$id proves the cut, also 16 and 26 minutes later", (playbook) => {
    expect(warningsOf(playbook)).toEqual([]);
    const proofs = playbook.stages.filter(({ steps: uses }) => uses.some(({ use }) => use === "assess.containment"));
    expect(proofs.map(({ after }) => after)).toEqual(expect.arrayContaining([null, 960_000, 1_560_000]));
  });
});
