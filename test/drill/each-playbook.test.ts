import { expect, test } from "vitest";
import { shippedPlaybooks } from "../../bench/playbooks.ts";
import type { DrillResult } from "../../src/cli/drill/result.ts";
import { runDrill } from "../../src/cli/drill/run.ts";
import type { Variant } from "../../src/range/scenarios/scenario.ts";

interface Row {
  readonly playbook: string;
  readonly scenario: string;
  readonly variants?: readonly Variant[];
  readonly ends: Pick<DrillResult, "contained" | "score">;
  /** Kinds of evidence that it leaves, at least. */
  readonly evidence: readonly string[];
  readonly isReleased: boolean;
  readonly what: string;
}

const rows: readonly Row[] = [
  {
    playbook: "collect-and-isolate",
    scenario: "c2-beacon",
    variants: ["ssm-agent"],
    ends: { contained: "partial", score: 100 },
    evidence: [
      "assessment",
      "console-output",
      "console-screenshot",
      "instance-metadata",
      "live-response",
      "volume-snapshot",
    ],
    isReleased: true,
    what: "brings what the running system says, through an agent that needs another profile, and then cuts it off",
  },
  {
    playbook: "compromised-instance",
    scenario: "c2-beacon",
    ends: { contained: true, score: 100 },
    evidence: ["assessment", "console-output", "console-screenshot", "instance-metadata", "volume-snapshot"],
    isReleased: true,
    what: "cuts a known flow in three round trips, with the evidence saved beside it",
  },
  {
    playbook: "contain-instance",
    scenario: "miner-behind-nat",
    ends: { contained: "partial", score: 100 },
    evidence: ["assessment", "machine-image", "volume-snapshot"],
    isReleased: true,
    what: "cuts an instance off and makes an image of it, and asks nobody",
  },
  {
    playbook: "quick-containment",
    scenario: "web-shell",
    ends: { contained: "partial", score: 100 },
    evidence: ["assessment", "volume-snapshot"],
    isReleased: true,
    what: "takes the instance out of its load balancer, whose connection outlives the seal, and asks nobody",
  },
  {
    playbook: "stolen-credentials",
    scenario: "credential-relay",
    ends: { contained: true, score: 100 },
    evidence: ["assessment"],
    isReleased: true,
    what: "ends the credentials that are used elsewhere, and those that the instance would hand out next",
  },
];

/** Playbooks whose drill stands in a test of their own. */
const drilledElsewhere: readonly string[] = ["isolate-for-forensics"];

const playbooks = shippedPlaybooks();

test("every shipped playbook is drilled", () => {
  const drilled = [...rows.map(({ playbook }) => playbook), ...drilledElsewhere];
  expect(playbooks.map(({ id }) => id).filter((id) => !drilled.includes(id))).toEqual([]);
});

test.each(rows)("$playbook $what", { timeout: 60_000 }, async (row) => {
  const { playbook, scenario, variants = [] } = row;
  const options = { scenario, variants, playbook, playbooks, seed: 7, release: true };
  const { result, breaches } = await runDrill(options);
  expect(result).toMatchObject({ ...row.ends, playbook, released: { ok: row.isReleased } });
  expect(result.attackers.map(({ cut }) => cut)).toEqual(result.attackers.map(() => true));
  expect(result.evidence.map(({ kind }) => kind)).toEqual(expect.arrayContaining([...row.evidence]));
  expect(breaches).toEqual([]);
});

test("evidence that an intruder destroys costs points, and the instance that is protected stays", async () => {
  const options = { scenario: "evidence-saboteur", playbook: "compromised-instance", playbooks, seed: 7 };
  const { result, deductions } = await runDrill(options);
  expect(deductions).toEqual([{ points: 10, why: "1 snapshot or image was destroyed after being saved" }]);
  expect(result).toMatchObject({ contained: true, score: 90 });
});
