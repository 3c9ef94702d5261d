import { containmentAssessment } from "../../src/steps/assess/containment.ts";
import { instanceProfile } from "../../src/steps/contain/instance-profile.ts";
import { roleSessions } from "../../src/steps/contain/role-sessions.ts";
import { securityGroups } from "../../src/steps/contain/security-groups.ts";
import { contract } from "../../src/testing/contract.ts";

const before = [securityGroups, roleSessions, instanceProfile];

contract(containmentAssessment, {
  scenario: "stolen-credentials",
  before,
  also: [
    { scenario: "c2-beacon", variants: ["branch-interface"], before },
    { scenario: "c2-beacon", variants: ["two-vpcs"], before },
    { scenario: "miner-behind-nat" },
  ],
});
