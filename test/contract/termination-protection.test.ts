import { terminationProtection } from "../../src/steps/protect/termination-protection.ts";
import { contract } from "../../src/testing/contract.ts";

contract(terminationProtection, {
  scenario: "ssh-intruder",
  brings: [
    /^instance \S+ disableApiTermination: false -> true$/,
    /^instance \S+ disableApiStop: false -> true$/,
    /^instance \S+ shutdownBehavior: "terminate" -> "stop"$/,
    /^instance \S+ blockDevices: .*"deleteOnTermination":true.* -> .*"deleteOnTermination":false/,
  ],
});
