import { describe, expect, it } from "vitest";
import { shippedPlaybooks } from "../../bench/playbooks.ts";
import { runDrill } from "../../src/cli/drill/run.ts";

/** The sentences of the proofs of one drill, each once, in their order. */
async function sentencesOf(scenario: string): Promise<readonly string[]> {
  const { events } = await runDrill({ scenario, seed: 1, playbooks: shippedPlaybooks() });
  return [...new Set(events.flatMap(({ body }) => (body.type === "assessment.made" ? [body.statement] : [])))];
}

describe("the sentences of a drill", () => {
  it.each(["c2-beacon", "miner-behind-nat", "stolen-credentials", "second-address"])(
    "of %s say at most 300 characters each, and what they said when somebody read them last",
    async (scenario) => {
      const sentences = await sentencesOf(scenario);
      expect(sentences.filter(({ length }) => length > 300)).toEqual([]);
      expect(sentences).toMatchSnapshot();
    },
  );
});
