import { snapshotLock } from "../../src/steps/preserve/snapshot-lock.ts";
import { volumeSnapshots } from "../../src/steps/preserve/volume-snapshots.ts";
import { contract } from "../../src/testing/contract.ts";
import { withDataVolume } from "./storage.ts";

contract(snapshotLock, {
  scenario: "c2-beacon",
  prepare: withDataVolume,
  before: [volumeSnapshots],
  leaves: [/^snapshot snap-[0-9a-f]+ lock: absent -> /],
  brings: [/^snapshot snap-[0-9a-f]+ lock: absent -> /, /^snapshot snap-[0-9a-f]+ lock: absent -> /],
  also: [
    {
      scenario: "c2-beacon",
      before: [volumeSnapshots],
      input: { mode: "compliance", days: 365, coolOffHours: 24 },
    },
  ],
});
