import { expect, it } from "vitest";
import { machineImage } from "../../src/steps/preserve/machine-image.ts";
import { volumeSnapshots } from "../../src/steps/preserve/volume-snapshots.ts";
import { onRange } from "./bench.ts";
import { instanceOf, itemsOf } from "./evidence.ts";

it("makes an image without a reboot, and finds it again where the answer was lost", () =>
  onRange({}, async (bench) => {
    const [item] = itemsOf(machineImage, await machineImage.plan(bench.context, {}));
    const first = await machineImage.collect(bench.context, item!, null);
    await bench.clock.sleep(60_000);
    const second = await machineImage.collect(bench.context, item!, null);
    const [image, ...more] = [...bench.place.region.images.values()];
    expect([more.length, instanceOf(bench).reboots]).toEqual([0, 0]);
    for (const result of [first, second])
      expect(result).toMatchObject({ artifacts: [{ location: `arn:aws:ec2:eu-central-1::image/${image!.id}` }] });
  }));

it("waits where the snapshots of the volumes were taken a moment ago", () =>
  onRange({}, async (bench) => {
    const [volumes] = itemsOf(volumeSnapshots, await volumeSnapshots.plan(bench.context, {}));
    await volumeSnapshots.collect(bench.context, volumes!, null);
    const [item] = itemsOf(machineImage, await machineImage.plan(bench.context, {}));
    expect(await machineImage.collect(bench.context, item!, null)).toMatchObject({ kind: "later", afterMs: 15_000 });
    await bench.clock.sleep(15_000);
    expect(await machineImage.collect(bench.context, item!, null)).toMatchObject({ kind: "collected" });
  }));

it("does not take somebody else's image of the same name for its own", () =>
  onRange({}, async (bench) => {
    const [item] = itemsOf(machineImage, await machineImage.plan(bench.context, {}));
    await machineImage.collect(bench.context, item!, null);
    const [image] = [...bench.place.region.images.values()];
    bench.place.region.images.set(image!.id, { ...image!, sourceInstanceId: "i-00000000000000001" });
    await bench.clock.sleep(60_000);
    await expect(machineImage.collect(bench.context, item!, null)).rejects.toMatchObject({
      awsCode: "InvalidAMIName.Duplicate",
    });
  }));

it("leaves an instance that is on its way down, with the reason", () =>
  onRange({}, async (bench) => {
    instanceOf(bench).state = "stopping";
    expect(await machineImage.plan(bench.context, {})).toEqual({
      items: [],
      left: [
        {
          resource: bench.target.instanceId,
          reason: "it is stopping: AWS makes images of running and of stopped instances",
        },
      ],
    });
  }));
