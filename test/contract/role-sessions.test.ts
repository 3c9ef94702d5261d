import { roleSessions } from "../../src/steps/contain/role-sessions.ts";
import { contract } from "../../src/testing/contract.ts";
import { swapAndDeleteProfile } from "./swapped-profile.ts";

contract(roleSessions, {
  scenario: "stolen-credentials",
  leaves: [/^role \S+ inlinePolicies\.CordonDenySessions/],
  shared: { scenario: "c2-beacon", variants: ["neighbour"] },
  also: [
    { scenario: "stolen-credentials", input: { agent: "10m" } },
    { scenario: "stolen-credentials", prepare: swapAndDeleteProfile },
  ],
});
