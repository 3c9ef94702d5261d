import { expect, test } from "vitest";
import { runDrill } from "../../src/cli/drill/run.ts";
import { shippedPlaybook } from "./harness.ts";

const playbooks = [shippedPlaybook("compromised-instance"), shippedPlaybook("stolen-credentials")];

async function journalOf(scenario: string, seed: number): Promise<string> {
  const { events } = await runDrill({ scenario, seed, playbooks, release: true });
  expect(events.length).toBeGreaterThan(20);
  return JSON.stringify(events);
}

test.each(["c2-beacon", "miner-behind-nat", "stolen-credentials", "second-address"])(
  "%s: the same seed gives the same journal, byte for byte",
  async (scenario) => {
    expect(await journalOf(scenario, 3)).toBe(await journalOf(scenario, 3));
  },
);

test("the same seed gives the same journal while something else runs in the process", async () => {
  const [one, other] = await Promise.all([
    journalOf("c2-beacon", 4),
    journalOf("c2-beacon", 4),
    journalOf("manual-start", 9),
  ]);
  expect(one).toBe(other);
});

test("another seed gives another journal", async () => {
  expect(await journalOf("c2-beacon", 3)).not.toBe(await journalOf("c2-beacon", 5));
});
