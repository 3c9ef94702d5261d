import type { Range } from "../../src/range/range.ts";
import { createVolume } from "../../src/range/world/build-storage.ts";
import { evidenceVolumes } from "../../src/steps/investigate/evidence-volumes.ts";
import { forensicWorkstation } from "../../src/steps/investigate/forensic-workstation.ts";
import { volumeSnapshots } from "../../src/steps/preserve/volume-snapshots.ts";
import { contract } from "../../src/testing/contract.ts";
import { targetOf } from "./storage.ts";
import { prepareWorkstation, withWorkstation } from "./workstations.ts";

const before = [volumeSnapshots, forensicWorkstation];

/** A second volume, encrypted: two are attached beside each other. */
function withTwoVolumes(range: Range): void {
  prepareWorkstation(range);
  const { place, instance } = targetOf(range);
  const { availabilityZone } = instance;
  createVolume(place, { availabilityZone, attachTo: instance, deviceName: "/dev/sdf", sizeGiB: 1, encrypted: true });
}

contract(evidenceVolumes, {
  scenario: "c2-beacon",
  prepare: prepareWorkstation,
  settings: withWorkstation,
  before,
  also: [{ scenario: "c2-beacon", prepare: withTwoVolumes, settings: withWorkstation, before }],
  brings: [/^volume <new> is new$/, /^instance i-[0-9a-f]+ blockDevices: /],
});
