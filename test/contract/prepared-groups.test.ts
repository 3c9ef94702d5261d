import { describe } from "vitest";
import { preparedGroups } from "../../src/steps/protect/prepared-groups.ts";
import type { Staging } from "../../src/testing/contract-options.ts";
import { contract } from "../../src/testing/contract.ts";
import { addEndpoints } from "./isolation-levels.ts";

const forTheCut: Staging = { scenario: "c2-beacon", variants: ["no-prepared-groups"] };
const onRequest: Staging = {
  scenario: "c2-beacon",
  prepare: addEndpoints,
  input: { levels: ["evidence", "forensic", "forensic-windows"] },
};

/** Groups with rules are made by more calls than empty ones: each way is disturbed in its turn. */
describe.each([
  ["for the cut", forTheCut],
  ["on request", onRequest],
])("%s", (_, staging) => {
  contract(preparedGroups, { ...staging, leaves: [/^security-group /], also: [forTheCut, onRequest] });
});
