import { z } from "zod";
import { snapshotsTagged, type Snapshot } from "../../aws/snapshots.ts";
import type { Left } from "../../core/change.ts";
import type { ChangeView, StepContext } from "../../core/step.ts";
import { markOf } from "./evidence-tags.ts";

/** The step whose snapshots later steps lock and copy. */
export const snapshotsStep = "preserve.volume-snapshots";

/** A snapshot of this case begins when the case does; the clocks of AWS and ours need not agree to the second. */
const clockSkewMs = 300_000;

/**
 * The snapshots that this case has taken, and what is missing of them.
 *
 * Tags find candidates, and anybody can copy tags: what counts is of a volume that the case saved, and not older than it.
 */
export async function snapshotsOfCase(
  context: StepContext,
): Promise<{ readonly snapshots: readonly Snapshot[]; readonly left: readonly Left[] }> {
  const { aws, outcomes, target, case: itself } = context;
  const volumes = savedVolumes(outcomes[snapshotsStep] ?? []).map(({ volumeId }) => volumeId);
  const found = await snapshotsTagged(aws.ec2, markOf(context, snapshotsStep));
  const snapshots = found
    .filter(({ volumeId, state }) => volumes.includes(volumeId) && state !== "error")
    .filter(({ startedAt }) => startedAt >= itself.openedAt - clockSkewMs)
    .toSorted((left, right) => (left.id < right.id ? -1 : 1));
  const missing = volumes.filter((volumeId) => !snapshots.some((each) => each.volumeId === volumeId));
  const none = { resource: target.instanceId, reason: "this case has taken no snapshots" };
  return {
    snapshots,
    left: [
      ...missing.map((volumeId) => ({ resource: volumeId, reason: "AWS shows no snapshot of it in this case" })),
      ...(volumes.length === 0 ? [none] : []),
    ],
  };
}

const details = z.object({ volumes: z.array(z.object({ volumeId: z.string(), device: z.string() })) });

/** The volumes that the case meant to save, with the devices that they were attached as. */
export function savedVolumes(
  views: readonly ChangeView[],
): readonly { readonly volumeId: string; readonly device: string }[] {
  return views.flatMap(({ change }) => {
    const parsed = details.safeParse(change.after);
    return parsed.success ? parsed.data.volumes : [];
  });
}
