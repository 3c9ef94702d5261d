import { memoryCapture } from "../../src/steps/preserve/memory-capture.ts";
import { contract } from "../../src/testing/contract.ts";
import { captureTarget, memorySettings } from "../steps/memory.ts";

contract(memoryCapture, {
  scenario: "c2-beacon",
  settings: () => memorySettings,
  evidenceAccount: "444455556666",
  keepsInBucket: true,
  prepare: (range) => void captureTarget(range),
  brings: [],
});
