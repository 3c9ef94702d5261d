import { roleSessions } from "../../src/steps/contain/role-sessions.ts";
import { contract } from "../../src/testing/contract.ts";

contract(roleSessions, {
  scenario: "stolen-credentials",
  leaves: [/^role \S+ inlinePolicies\.CordonDenySessions/],
  shared: { scenario: "c2-beacon", variants: ["neighbour"] },
  also: [{ scenario: "stolen-credentials", input: { agent: "10m" } }],
});
