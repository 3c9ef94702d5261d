import { securityGroups } from "../../src/steps/contain/security-groups.ts";
import { contract } from "../../src/testing/contract.ts";
import { prepareLevels } from "./isolation-levels.ts";

const sealed = /^network-interface eni-\S+ groupIds: \["sg-\S+"\] -> \["sg-\S+"\]$/;

contract(securityGroups, {
  scenario: "c2-beacon",
  variants: ["two-vpcs"],
  brings: [sealed, sealed, sealed],
  also: [
    { scenario: "c2-beacon", variants: ["branch-interface"] as const },
    ...["evidence", "forensic", "forensic-access"].map((level) => ({
      scenario: "c2-beacon",
      variants: ["two-vpcs"] as const,
      prepare: prepareLevels,
      input: { level },
    })),
  ],
});
