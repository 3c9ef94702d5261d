import { describe, expect, it } from "vitest";
import type { Json } from "../../src/core/json.ts";
import type { ChangeView, RunResult, StepContext } from "../../src/core/step.ts";
import { launchInstance } from "../../src/range/world/build-instances.ts";
import { attachVolume, createVolume, startSnapshot } from "../../src/range/world/build-storage.ts";
import type { Instance, Volume } from "../../src/range/world/model.ts";
import type { Snapshot } from "../../src/range/world/storage-model.ts";
import { evidenceVolumes } from "../../src/steps/investigate/evidence-volumes.ts";
import { evidenceTags } from "../../src/steps/preserve/evidence-tags.ts";
import { changesOf, onRange, type Bench } from "./bench.ts";

interface Scene {
  readonly bench: Bench;
  readonly context: StepContext;
  readonly workstation: Instance;
  readonly snapshot: Snapshot;
}

/** A workstation beside the target, and the case's snapshot of the target's root. */
function onScene(test: (scene: Scene) => Promise<void>): Promise<void> {
  return onRange({}, async (bench) => {
    const { place, target } = bench;
    const instance = place.region.instances.get(target.instanceId)!;
    const [network] = bench.interfaces();
    const { instance: workstation } = launchInstance(place, {
      subnetId: network!.subnetId,
      groupIds: network!.groupIds,
      instanceType: "m6i.large",
    });
    const [root] = instance.blockDevices;
    const volume = place.region.volumes.get(root!.volumeId)!;
    const tags = Object.entries(evidenceTags(bench.context, "preserve.volume-snapshots"));
    const snapshot = startSnapshot(place, volume, { tags: tags.map(([key, value]) => ({ key, value })) });
    const outcomes = {
      "preserve.volume-snapshots": [view({ volumes: [{ volumeId: volume.id, device: root!.deviceName }] }, null)],
      "investigate.forensic-workstation": [
        view(null, { instanceId: workstation.id, instanceType: "m6i.large", zone: workstation.availabilityZone }),
      ],
    };
    await test({ bench, context: { ...bench.context, outcomes }, workstation, snapshot });
  });
}

function view(after: Json, outcome: Json): ChangeView {
  const change = { id: "x", step: "x", resource: "x", before: null, after };
  return { change, state: "verified", outcome, verifiedAt: 0 };
}

async function plannedOn({ context }: Pick<Scene, "context">) {
  const plan = await evidenceVolumes.plan(context, {});
  return { ...plan, named: changesOf(evidenceVolumes, plan) };
}

/** Runs a verb until it says that it is done, as the engine does. */
async function toTheEnd(
  { clock }: Bench,
  verb: (now: number, progress: Json | null) => Promise<RunResult>,
): Promise<Json> {
  let progress: Json | null = null;
  for (let turn = 0; turn < 100; turn++) {
    const result = await verb(clock.now(), progress);
    if (result.kind === "done") return result.outcome;
    progress = result.progress;
    await clock.sleep(result.afterMs);
  }
  throw new Error("it does not end");
}

async function attached(scene: Scene) {
  const { named } = await plannedOn(scene);
  const [change] = named;
  const run = (now: number, progress: Json | null) => evidenceVolumes.run({ ...scene.context, now }, change!, progress);
  const outcome = await toTheEnd(scene.bench, run);
  return { change: change!, outcome };
}

function copiesOf({ bench, snapshot }: Scene): readonly Volume[] {
  return [...bench.place.region.volumes.values()].filter(({ snapshotId }) => snapshotId === snapshot.id);
}

function revert({ bench, context }: Scene, change: Awaited<ReturnType<typeof attached>>["change"], outcome: Json) {
  return toTheEnd(bench, (now) => evidenceVolumes.revert({ ...context, now }, change, outcome));
}

describe("volumes for the workstation", () => {
  it("wait for the snapshot, and are then attached and never mounted", async () => {
    await onScene(async (scene) => {
      const { outcome } = await attached(scene);
      expect(scene.bench.clock.now()).toBeGreaterThanOrEqual(scene.snapshot.completesAt);
      expect(outcome).toMatchObject({ device: "/dev/sdf" });
      expect(copiesOf(scene).map(({ attachment }) => attachment?.instanceId)).toEqual([scene.workstation.id]);
      expect(scene.bench.operations()).not.toContain("SendCommand");
    });
  });

  it("take another name where theirs is taken", async () => {
    await onScene(async (scene) => {
      const { place } = scene.bench;
      createVolume(place, {
        availabilityZone: scene.workstation.availabilityZone,
        attachTo: scene.workstation,
        deviceName: "/dev/sdf",
      });
      expect((await attached(scene)).outcome).toMatchObject({ device: "/dev/sdg" });
    });
  });

  it("are left beyond what the workstation takes, each by name", async () => {
    await onScene(async (scene) => {
      const { place } = scene.bench;
      const { availabilityZone } = scene.workstation;
      for (const letter of "abcdefghijklmnopqrstuvwxyz")
        createVolume(place, { availabilityZone, attachTo: scene.workstation, deviceName: `/dev/xvdb${letter}` });
      const { changes, left } = await plannedOn(scene);
      expect(changes).toEqual([]);
      expect(left).toEqual([
        {
          resource: scene.snapshot.id,
          reason: `m6i.large takes no more than 28 attachments, and ${scene.workstation.id} has them`,
        },
      ]);
    });
  });

  it("are none without a workstation", async () => {
    await onScene(async ({ context }) => {
      const outcomes = { ...context.outcomes, "investigate.forensic-workstation": [] };
      const { changes, left } = await evidenceVolumes.plan({ ...context, outcomes }, {});
      expect([changes, left.map(({ reason }) => reason)]).toEqual([[], ["there is no workstation to attach them to"]]);
    });
  });

  it.each<[string, (scene: Scene) => void, RegExp]>([
    [
      "AWS refuses",
      ({ bench }) => bench.range.faults.inject({ kind: "access-denied", operation: "CreateVolume" }),
      /CreateVolume/,
    ],
    [
      "the volume comes to nothing, as with a key that cannot be used",
      (scene) => void vanish(scene),
      /AWS made no volume of the snapshot: its key cannot be used/,
    ],
    [
      "the workstation is ended meanwhile",
      ({ bench, workstation }) => bench.range.world.change(workstation, (each) => (each.state = "terminated")),
      /the workstation is terminated/,
    ],
  ])("say why there is none where %s", async (_, disturb, reason) => {
    await onScene(async (scene) => {
      disturb(scene);
      const { change, outcome } = await attached(scene);
      const verdict = await evidenceVolumes.verify(scene.context, change, outcome);
      expect(verdict).toMatchObject({ kind: "failed", observed: expect.stringMatching(reason) as string });
    });
  });
});

/** Takes every copy away a second after it was made. */
async function vanish(scene: Scene): Promise<void> {
  const { clock, range, place } = scene.bench;
  for (let turn = 0; turn < 600; turn++) {
    await clock.sleep(1_000);
    const [copy] = copiesOf(scene);
    if (copy) return range.world.remove(place.region.volumes, copy.id);
  }
}

describe("the release of a volume", () => {
  it("detaches and deletes it, and the snapshot stays", async () => {
    await onScene(async (scene) => {
      const { change, outcome } = await attached(scene);
      await revert(scene, change, outcome);
      expect(copiesOf(scene)).toEqual([]);
      expect(scene.bench.place.region.snapshots.has(scene.snapshot.id)).toBe(true);
    });
  });

  it("learns from the token what a run made that nobody wrote down", async () => {
    await onScene(async (scene) => {
      const { change } = await attached(scene);
      await revert(scene, change, null);
      expect(copiesOf(scene)).toEqual([]);
    });
  });

  it("leaves one that somebody attached to another instance", async () => {
    await onScene(async (scene) => {
      const { change, outcome } = await attached(scene);
      const [copy] = copiesOf(scene);
      const { place, target } = scene.bench;
      const elsewhere = place.region.instances.get(target.instanceId)!;
      place.world.change(copy!, (each) => (each.attachment = null));
      attachVolume(place, copy!, elsewhere, { deviceName: "/dev/sdz", deleteOnTermination: false, withinMs: 0 });
      await expect(revert(scene, change, outcome)).rejects.toMatchObject({
        code: "changed_since",
        message: expect.stringContaining(`attached to ${target.instanceId}`) as string,
      });
      expect(copiesOf(scene)).toHaveLength(1);
    });
  });

  it("deletes no volume that was not made of the snapshot, whatever the journal calls it", async () => {
    await onScene(async (scene) => {
      const { change } = await attached(scene);
      const { place } = scene.bench;
      const other = createVolume(place, { availabilityZone: scene.workstation.availabilityZone });
      await expect(revert(scene, change, { volumeId: other.id, at: 0 })).rejects.toMatchObject({
        code: "changed_since",
      });
      expect(place.region.volumes.has(other.id)).toBe(true);
    });
  });

  it("leaves it where the workstation is to be kept", async () => {
    await onScene(async (scene) => {
      const { change, outcome } = await attached(scene);
      await revert(scene, { ...change, after: { ...(change.after as object), keep: true } as never }, outcome);
      expect(copiesOf(scene)).toHaveLength(1);
    });
  });
});
