import { Hash } from "@smithy/core/serde";
import { clearCredentialCache, getSigningKey } from "@smithy/signature-v4";
import { expect, test } from "vitest";
import { runDrill } from "../../src/cli/drill/run.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { createRange, START_OF_SIMULATED_TIME_MS } from "../../src/range/range.ts";
import { shippedPlaybook } from "./harness.ts";

const playbooks = [shippedPlaybook("compromised-instance"), shippedPlaybook("stolen-credentials")];

/** The journal of one drill, one line of JSON per event: a failure shows the first line that differs. */
async function journalOf(scenario: string, seed: number): Promise<readonly string[]> {
  const { events } = await runDrill({ scenario, seed, playbooks, release: true });
  expect(events.length).toBeGreaterThan(20);
  return events.map((event) => JSON.stringify(event));
}

function firstDifference(one: readonly string[], other: readonly string[]): readonly (string | undefined)[] | null {
  const at = one.findIndex((line, index) => line !== other[index]);
  if (at >= 0) return [one[at], other[at]];
  return one.length === other.length ? null : [undefined, other[one.length]];
}

test.each(["c2-beacon", "miner-behind-nat", "stolen-credentials", "second-address"])(
  "%s: the same seed gives the same journal, byte for byte",
  async (scenario) => {
    expect(firstDifference(await journalOf(scenario, 3), await journalOf(scenario, 3))).toBeNull();
  },
);

test("the same seed gives the same journal while something else runs in the process", async () => {
  const [one, other] = await Promise.all([
    journalOf("c2-beacon", 4),
    journalOf("c2-beacon", 4),
    journalOf("manual-start", 9),
  ]);
  expect(firstDifference(one, other)).toBeNull();
});

test("the same seed gives the same journal whichever signing keys an earlier drill left in the SDK's memory", async () => {
  const leftBehind = async (services: readonly string[]): Promise<readonly string[]> => {
    clearCredentialCache();
    const { accessKeyId, secretAccessKey, sessionToken } = createRange({
      scenario: "c2-beacon",
      seed: 3,
      clock: new SimulatedClock(START_OF_SIMULATED_TIME_MS),
    }).responder;
    for (const service of services)
      await getSigningKey(
        Hash.bind(null, "sha256"),
        { accessKeyId, secretAccessKey, sessionToken },
        "20260115",
        "eu-central-1",
        service,
      );
    return await journalOf("c2-beacon", 3);
  };
  expect(firstDifference(await leftBehind(["autoscaling", "ec2"]), await leftBehind(["ssm"]))).toBeNull();
});

test("another seed gives another journal", async () => {
  expect(firstDifference(await journalOf("c2-beacon", 3), await journalOf("c2-beacon", 5))).not.toBeNull();
});
