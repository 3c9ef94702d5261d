import { containmentAssessment } from "../../src/steps/assess/containment.ts";
import { instanceProfile } from "../../src/steps/contain/instance-profile.ts";
import { roleSessions } from "../../src/steps/contain/role-sessions.ts";
import { securityGroups } from "../../src/steps/contain/security-groups.ts";
import type { StepContext } from "../../src/core/step.ts";
import { contract } from "../../src/testing/contract.ts";
import { prepareLevels } from "./isolation-levels.ts";
import { swapAndDeleteProfile } from "./swapped-profile.ts";

/** Cut to the level that leaves examiners a way in. */
const forForensics = {
  ...securityGroups,
  plan: (context: StepContext) => securityGroups.plan(context, { level: "forensic" as const }),
};

const before = [securityGroups, roleSessions, instanceProfile];

contract(containmentAssessment, {
  scenario: "stolen-credentials",
  before,
  // CloudTrail has delivered the events up to the seal: what it has of the rules and of the deny is read.
  settledMs: 40 * 60_000,
  also: [
    { scenario: "stolen-credentials", prepare: swapAndDeleteProfile },
    { scenario: "c2-beacon", variants: ["branch-interface"], before },
    { scenario: "c2-beacon", variants: ["two-vpcs"], before },
    { scenario: "miner-behind-nat" },
    {
      scenario: "c2-beacon",
      prepare: prepareLevels,
      before: [forForensics, roleSessions, instanceProfile],
      input: { level: "forensic" },
    },
  ],
});
