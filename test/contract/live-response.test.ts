import { liveResponse } from "../../src/steps/preserve/live-response.ts";
import { contract } from "../../src/testing/contract.ts";
import { manageTarget } from "../steps/managed.ts";

contract(liveResponse, {
  scenario: "c2-beacon",
  // Few commands suffice for the suite, which kills the process at each of their calls: nothing tells the others apart.
  input: { commands: ["processes", "containers"] },
  prepare: (range) => void manageTarget(range),
  brings: [],
});
