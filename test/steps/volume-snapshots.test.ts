import { expect, it } from "vitest";
import { createVolume, startSnapshot } from "../../src/range/world/build-storage.ts";
import { volumeSnapshots } from "../../src/steps/preserve/volume-snapshots.ts";
import { onRange, type Bench } from "./bench.ts";
import { instanceOf, itemsOf } from "./evidence.ts";

const KEY = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-4333-8444-555555555555";

/** The target with its root and an encrypted data volume, and the one item of its plan. */
async function planned(bench: Bench) {
  const instance = instanceOf(bench);
  const { availabilityZone } = instance;
  const data = createVolume(bench.place, {
    availabilityZone,
    attachTo: instance,
    deviceName: "/dev/sdf",
    sizeGiB: 100,
    kmsKeyId: KEY,
  });
  const plan = await volumeSnapshots.plan(bench.context, {});
  const [item] = itemsOf(volumeSnapshots, plan);
  return { data, plan, item: item! };
}

it("takes all volumes in one call, tagged, and says of each what it is", () =>
  onRange({}, async (bench) => {
    const { data, item } = await planned(bench);
    bench.operations();
    const result = await volumeSnapshots.collect(bench.context, item, null);
    expect(bench.operations()).toEqual(["CreateSnapshots"]);
    expect(result).toMatchObject({
      kind: "collected",
      artifacts: [
        { kind: "volume-snapshot", sha256: null, bytes: null, lineage: { device: "/dev/xvda", encrypted: false } },
        {
          lineage: { volumeId: data.id, device: "/dev/sdf", encrypted: true, kmsKeyId: KEY, sizeGiB: 100 },
        },
      ],
    });
    const snapshots = [...bench.place.region.snapshots.values()];
    expect(snapshots[1]?.tags).toEqual([
      { key: "cordon:managed", value: "true" },
      { key: "cordon:case", value: "case-1" },
      { key: "cordon:nonce", value: "0f1e2d3c4b5a69788796a5b4c3d2e1f0" },
      { key: "cordon:step", value: "preserve.volume-snapshots" },
      { key: "Purpose", value: "forensics" },
    ]);
    const { artifacts } = result as Extract<typeof result, { kind: "collected" }>;
    expect(artifacts[0]?.location).toBe(`arn:aws:ec2:eu-central-1::snapshot/${snapshots[0]!.id}`);
    // Pending is saved: the point in time was the request.
    expect(await volumeSnapshots.verify(bench.context, item, artifacts)).toMatchObject({ kind: "ok" });
  }));

it("names AWS's reason when a snapshot fails, and is not content with part of the volumes", () =>
  onRange({}, async (bench) => {
    const { data, item } = await planned(bench);
    data.snapshotFault = "Given key ID is not accessible";
    const result = await volumeSnapshots.collect(bench.context, item, null);
    const { artifacts } = result as Extract<typeof result, { kind: "collected" }>;
    expect(await volumeSnapshots.verify(bench.context, item, artifacts.slice(1))).toMatchObject({ kind: "notYet" });
    await bench.clock.sleep(600_000);
    const seen = await volumeSnapshots.verify(bench.context, item, artifacts);
    expect(seen.kind).toBe("failed");
    expect(seen.observed).toContain(`${data.id} error: Given key ID is not accessible`);
  }));

it("waits where AWS makes no snapshot of a volume just now, and takes it then", () =>
  onRange({}, async (bench) => {
    const { data, item } = await planned(bench);
    startSnapshot(bench.place, data);
    expect(await volumeSnapshots.collect(bench.context, item, null)).toMatchObject({ kind: "later", afterMs: 15_000 });
    expect(bench.place.region.snapshots.size).toBe(1);
    await bench.clock.sleep(15_000);
    expect(await volumeSnapshots.collect(bench.context, item, null)).toMatchObject({ kind: "collected" });
  }));

it("looks for what an earlier attempt may have begun, for a minute, and takes them again only then", () =>
  onRange({}, async (bench) => {
    const { item } = await planned(bench);
    const since = bench.clock.now();
    const again = (now: number) => ({ ...bench.context, lookSince: since, now });
    expect(await volumeSnapshots.collect(again(since + 1_000), item, null)).toMatchObject({ kind: "later" });
    expect(bench.operations()).not.toContain("CreateSnapshots");
    await volumeSnapshots.collect(bench.context, item, null);
    expect(await volumeSnapshots.collect(again(since + 2_000), item, null)).toMatchObject({
      kind: "collected",
      artifacts: [{ kind: "volume-snapshot" }, { kind: "volume-snapshot" }],
    });
    expect(bench.place.region.snapshots.size).toBe(2);
    for (const id of bench.place.region.snapshots.keys()) bench.place.world.remove(bench.place.region.snapshots, id);
    await bench.clock.sleep(15_000);
    await volumeSnapshots.collect(again(since + 60_000), item, null);
    expect(bench.place.region.snapshots.size).toBe(2);
  }));

it("does not take a copied tag for its own: the snapshot must be of a planned volume", () =>
  onRange({}, async (bench) => {
    const { item } = await planned(bench);
    const { availabilityZone } = instanceOf(bench);
    const tags = [
      { key: "cordon:nonce", value: bench.context.nonce },
      { key: "cordon:step", value: "preserve.volume-snapshots" },
    ];
    startSnapshot(bench.place, createVolume(bench.place, { availabilityZone }), { tags });
    const now = bench.clock.now();
    const context = { ...bench.context, lookSince: now, now };
    expect(await volumeSnapshots.collect(context, item, null)).toMatchObject({ kind: "later" });
  }));

it("leaves the disks of the host, by name", () =>
  onRange({}, async (bench) => {
    instanceOf(bench).instanceType = "m5d.large";
    const { plan } = await planned(bench);
    expect(plan.left).toEqual([
      {
        resource: `1 x 75 GB instance store of ${bench.target.instanceId}`,
        reason: "disks of the host are in no snapshot, and a stop erases them",
      },
    ]);
    expect(plan.items).toHaveLength(1);
  }));
