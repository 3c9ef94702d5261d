import { cloudtrailActivity } from "../../src/steps/preserve/cloudtrail-activity.ts";
import { contract } from "../../src/testing/contract.ts";

contract(cloudtrailActivity, {
  scenario: "stolen-credentials",
  input: { again: "never" },
  brings: [],
  also: [{ scenario: "stolen-credentials", input: { again: "10m" } }, { scenario: "c2-beacon" }],
});
