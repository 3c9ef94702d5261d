import { volumeSnapshots } from "../../src/steps/preserve/volume-snapshots.ts";
import { contract } from "../../src/testing/contract.ts";
import { withDataVolume } from "./storage.ts";

contract(volumeSnapshots, {
  scenario: "c2-beacon",
  prepare: withDataVolume,
  leaves: [/^snapshot <new> is new$/],
  brings: [/^snapshot <new> is new$/, /^snapshot <new> is new$/],
});
