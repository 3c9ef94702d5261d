import { expect, it } from "vitest";
import type { ChangeView } from "../../src/core/step.ts";
import { createVolume, startSnapshot } from "../../src/range/world/build-storage.ts";
import { snapshotLock } from "../../src/steps/preserve/snapshot-lock.ts";
import { volumeSnapshots } from "../../src/steps/preserve/volume-snapshots.ts";
import { changesOf, onRange, type Bench } from "./bench.ts";
import { instanceOf, itemsOf } from "./evidence.ts";

/** Takes the snapshots, and gives the context in which a later step sees them. */
async function afterSnapshots(bench: Bench) {
  const [item] = itemsOf(volumeSnapshots, await volumeSnapshots.plan(bench.context, {}));
  await volumeSnapshots.collect(bench.context, item!, null);
  const view: ChangeView = {
    change: { ...item!, step: volumeSnapshots.id, before: null, after: item!.details },
    state: "verified",
    outcome: { artifacts: 1 },
    verifiedAt: bench.clock.now(),
  };
  return { ...bench.context, outcomes: { [volumeSnapshots.id]: [view] } };
}

const governance = { mode: "governance", days: 30, coolOffHours: null } as const;

it("locks the snapshots of this case while they are pending, and once", () =>
  onRange({}, async (bench) => {
    const context = await afterSnapshots(bench);
    const [change, ...more] = changesOf(snapshotLock, await snapshotLock.plan(context, governance));
    expect(more).toEqual([]);
    expect(await snapshotLock.verify(context, change!, null)).toMatchObject({ kind: "notYet" });
    await snapshotLock.run(context, change!, null);
    expect(await snapshotLock.verify(context, change!, null)).toMatchObject({ kind: "ok" });
    const [snapshot] = [...bench.place.region.snapshots.values()];
    expect(snapshot?.lock).toMatchObject({ mode: "governance", durationDays: 30, coolOffHours: null });
    expect(await snapshotLock.plan(context, governance)).toEqual({ changes: [], left: [] });
  }));

it("locks nothing on the word of a tag: the snapshot must be of a volume that the case saved", () =>
  onRange({}, async (bench) => {
    const context = await afterSnapshots(bench);
    const { availabilityZone } = instanceOf(bench);
    const [mine] = [...bench.place.region.snapshots.values()];
    startSnapshot(bench.place, createVolume(bench.place, { availabilityZone }), { tags: [...mine!.tags] });
    const { changes } = await snapshotLock.plan(context, governance);
    expect(changes.map(({ resource }) => resource)).toEqual([mine!.id]);
  }));

it("names the volumes whose snapshot is gone, and says when there was none", () =>
  onRange({}, async (bench) => {
    const context = await afterSnapshots(bench);
    const [mine] = [...bench.place.region.snapshots.values()];
    bench.place.world.remove(bench.place.region.snapshots, mine!.id);
    expect((await snapshotLock.plan(context, governance)).left).toEqual([
      { resource: mine!.volumeId, reason: "AWS shows no snapshot of it in this case" },
    ]);
    expect((await snapshotLock.plan(bench.context, governance)).left).toEqual([
      { resource: bench.target.instanceId, reason: "this case has taken no snapshots" },
    ]);
  }));
