import { machineImage } from "../../src/steps/preserve/machine-image.ts";
import { contract } from "../../src/testing/contract.ts";

contract(machineImage, {
  scenario: "c2-beacon",
  leaves: [/^snapshot <new> is new$/, /^image <new> is new$/],
  brings: [/^snapshot <new> is new$/, /^image <new> is new$/],
});
