import { autoScaling } from "../../src/steps/protect/auto-scaling.ts";
import { contract } from "../../src/testing/contract.ts";

/** The group comes back exactly from standby; what a detach leaves behind has its own file. */
contract(autoScaling, {
  scenario: "ssh-intruder",
  input: { mode: "standby" },
  leaves: [/<new>/, /^auto-scaling-group storefront (desiredCapacity|maxSize): 2 -> 3$/],
  also: [{ scenario: "ssh-intruder", input: { mode: "detach" } }],
});
