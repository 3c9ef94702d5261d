import { expect, it } from "vitest";
import { shippedPlaybooks } from "../../bench/playbooks.ts";
import { runDrill } from "../../src/cli/drill/run.ts";

const playbooks = shippedPlaybooks();
const THIEF = "198.51.100.23";

interface Look {
  readonly attribute: string;
  readonly region: string;
  readonly look: "first" | "again";
  readonly events: number;
  readonly elsewhere: readonly { readonly what: string; readonly count: number }[];
  readonly calls: readonly { readonly what: string; readonly count: number }[];
}

it("A drill of stolen credentials saves the thief's calls from his address, and the cut waits for none of it", async () => {
  const { result, events } = await runDrill({ scenario: "stolen-credentials", seed: 7, playbooks });
  const stored = events.flatMap(({ body }) =>
    body.type === "artifact.stored" && body.kind === "cloudtrail-activity" ? [body.lineage as unknown as Look] : [],
  );
  const looks = stored.filter(({ attribute, region }) => attribute === "Username" && region === "eu-central-1");
  expect(looks.map(({ look }) => look)).toEqual(["first", "again"]);
  const again = looks.at(-1);
  expect(again?.elsewhere).toEqual([expect.objectContaining({ what: THIEF, count: again?.events })]);
  expect(again?.calls.map(({ what }) => what)).toContain("sts.amazonaws.com GetCallerIdentity");
  expect(looks[0]?.events).toBeLessThan(again?.events ?? 0); // CloudTrail delivers late.
  const done = stored.find(({ attribute, region }) => attribute === "ResourceName" && region === "us-east-1");
  expect(done).toBeDefined();
  expect(result.timeToIsolationMs).toBe(80);
  expect(result.roundTripsToIsolation).toBe(2);
  expect(result.status).not.toBe("open");
});
