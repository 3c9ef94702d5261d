import type { Range } from "../../src/range/range.ts";
import { createVolume } from "../../src/range/world/build-storage.ts";
import { snapshotCopy } from "../../src/steps/preserve/snapshot-copy.ts";
import { volumeSnapshots } from "../../src/steps/preserve/volume-snapshots.ts";
import { contract } from "../../src/testing/contract.ts";
import { targetOf } from "./storage.ts";

const sharingKeyId = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-4333-8444-555555555555";

/** A second volume, under the AWS-managed key: its snapshot cannot be shared as it is. */
function withManagedKey(range: Range): void {
  const { place, instance } = targetOf(range);
  const { availabilityZone } = instance;
  createVolume(place, { availabilityZone, attachTo: instance, deviceName: "/dev/sdf", sizeGiB: 1, encrypted: true });
}

contract(snapshotCopy, {
  scenario: "c2-beacon",
  prepare: withManagedKey,
  before: [volumeSnapshots],
  evidenceAccount: "444455556666",
  input: { evidenceAccount: "444455556666", sharingKeyId },
  leaves: [/^snapshot snap-[0-9a-f]+ sharedWith: /, /^snapshot <new> is new$/],
  brings: [/^snapshot snap-[0-9a-f]+ sharedWith: \[\] -> \["444455556666"\]$/, /^snapshot <new> is new$/],
});
