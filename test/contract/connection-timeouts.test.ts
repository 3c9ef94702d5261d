import { connectionTimeouts } from "../../src/steps/contain/connection-timeouts.ts";
import { contract } from "../../src/testing/contract.ts";

contract(connectionTimeouts, {
  scenario: "c2-beacon",
  leaves: [/^network-interface \S+ connectionTracking/],
  also: [{ scenario: "c2-beacon", variants: ["branch-interface"] }],
});
