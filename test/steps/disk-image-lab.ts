import { BLOCK_BYTES } from "../../src/aws/snapshot-blocks.ts";
import type { CaseVault } from "../../src/core/artifact.ts";
import type { ChangeView, CollectResult, Item, StepContext } from "../../src/core/step.ts";
import { sha256, type Json } from "../../src/core/json.ts";
import type { Volume } from "../../src/range/world/model.ts";
import { diskImage } from "../../src/steps/preserve/disk-image.ts";
import { volumeSnapshots } from "../../src/steps/preserve/volume-snapshots.ts";
import type { Bench } from "./bench.ts";
import { instanceOf, itemsOf } from "./evidence.ts";

type Imaging = Parameters<typeof diskImage.collect>[1];

/** What a state of the quick hash begins with. */
const QUICK = "quick ";

/**
 * A vault that hashes disks quickly and in its own way: SHA-256 takes seconds for every gigabyte, empty or not, and most
 * tests look at something else. A small artifact is hashed as always: it is no whole number of blocks.
 */
export function hashingDisksQuickly(vault: CaseVault): CaseVault {
  const { extendHash, digest } = vault.large;
  return {
    ...vault,
    large: {
      ...vault.large,
      async extendHash(state, bytes) {
        const isQuick = bytes.length % BLOCK_BYTES === 0 || state?.startsWith(QUICK) === true;
        if (!isQuick) return extendHash(state, bytes);
        const ends = [bytes.subarray(0, 4096), bytes.subarray(-4096)];
        return `${QUICK}${sha256(Buffer.concat([Buffer.from(`${state} ${bytes.length}`), ...ends]))}`;
      },
      digest: async (state) => (state?.startsWith(QUICK) ? state.slice(QUICK.length) : digest(state)),
    },
  };
}

/** The volume that the target starts from, made small: an image is read to its end, empty or not. */
export function smallRoot(bench: Bench, sizeGiB = 1): Volume {
  const [device] = instanceOf(bench).blockDevices;
  const root = bench.place.region.volumes.get(device?.volumeId ?? "");
  if (!root) throw new Error("the target has no root volume");
  root.sizeGiB = sizeGiB;
  return root;
}

/** Takes the snapshots of the target; what comes after sees them. */
export async function withSnapshots({ context, clock }: Bench): Promise<StepContext> {
  const [item] = itemsOf(volumeSnapshots, await volumeSnapshots.plan(context, {}));
  if (!item) throw new Error("there are no volumes");
  await volumeSnapshots.collect(context, item, null);
  const view: ChangeView = {
    change: { ...item, step: volumeSnapshots.id, before: null, after: item.details },
    state: "verified",
    outcome: { artifacts: 1 },
    verifiedAt: clock.now(),
  };
  return { ...context, outcomes: { [volumeSnapshots.id]: [view] } };
}

/** What a plan would read. */
export async function planned(context: StepContext, wish: object = {}): Promise<readonly Imaging[]> {
  return itemsOf(diskImage, await diskImage.plan(context, diskImage.input.parse(wish)));
}

/** Calls once with what was journalled. */
export function collectOnce(
  { clock }: Bench,
  context: StepContext,
  { item, progress }: { readonly item: Imaging; readonly progress: Json },
): Promise<CollectResult> {
  const journalled = JSON.parse(JSON.stringify(progress)) as Json;
  return diskImage.collect({ ...context, now: clock.now() }, item, journalled);
}

/** Calls again and again, as the engine does, and gives what it came to. */
export async function toTheEnd(bench: Bench, context: StepContext, item: Item<Imaging["details"]>) {
  let progress: Json = null;
  for (let turn = 0; turn < 500; turn++) {
    const result = await collectOnce(bench, context, { item, progress });
    if (result.kind === "collected") {
      const [artifact] = result.artifacts;
      if (!artifact) throw new Error("nothing was collected");
      return { artifact, progress };
    }
    progress = result.progress;
    await bench.clock.sleep(result.afterMs);
  }
  throw new Error("it never ended");
}
