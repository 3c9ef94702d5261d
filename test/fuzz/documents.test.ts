import { expect, test } from "vitest";
import { SHARES } from "./budget.ts";
import { expectTakenWell } from "./campaign.ts";
import { configuration, findings, playbooks } from "./targets/documents.ts";

const timeout = 600_000;

test("a run feeds at least 100,000 inputs", () => {
  expect(Object.values(SHARES).reduce((sum, share) => sum + share, 0)).toBeGreaterThanOrEqual(100_000);
});

test("a finding is read or refused with the reason, whatever it holds", { timeout }, () => expectTakenWell(findings));

test("a playbook is read or refused with the place of each problem", { timeout }, () => expectTakenWell(playbooks));

test("a configuration is read or refused with the place of each problem", { timeout }, () =>
  expectTakenWell(configuration),
);
