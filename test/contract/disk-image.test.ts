import type { Range } from "../../src/range/range.ts";
import { diskImage } from "../../src/steps/preserve/disk-image.ts";
import { volumeSnapshots } from "../../src/steps/preserve/volume-snapshots.ts";
import { contract } from "../../src/testing/contract.ts";
import { hashingDisksQuickly } from "../steps/disk-image-lab.ts";
import { targetOf, withSmallVolume } from "./storage.ts";

/** The suite reads the disk some hundred times; test/steps/disk-image.test.ts looks at its hash. */
const rehearsed: typeof diskImage = {
  ...diskImage,
  collect: (context, item, progress) =>
    diskImage.collect({ ...context, vault: hashingDisksQuickly(context.vault) }, item, progress),
};

/** The root volume alone, and small. */
function withSmallRoot(range: Range): void {
  const { place, instance } = targetOf(range);
  for (const { volumeId } of instance.blockDevices) {
    const volume = place.region.volumes.get(volumeId);
    if (volume) volume.sizeGiB = 1;
  }
}

contract(rehearsed, {
  scenario: "c2-beacon",
  prepare: withSmallVolume, // The root volume beside it is too large to be read so often.
  before: [volumeSnapshots],
  input: { mostGiB: 1 },
  brings: [],
  also: [{ scenario: "c2-beacon", prepare: withSmallRoot, before: [volumeSnapshots], input: { volumes: "root" } }],
});
