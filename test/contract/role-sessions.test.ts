import { roleSessions } from "../../src/steps/contain/role-sessions.ts";
import { contract } from "../../src/testing/contract.ts";

contract(roleSessions, {
  scenario: "stolen-credentials",
  leaves: [/^role \S+ inlinePolicies\.CordonDenySessions/],
  also: [{ scenario: "stolen-credentials", input: { mode: "role" } }],
});
