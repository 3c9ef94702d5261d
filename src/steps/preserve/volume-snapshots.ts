import { z } from "zod";
import { hardwareOf } from "../../aws/instance-hardware.ts";
import { findInstance } from "../../aws/instances.ts";
import { createSnapshots, snapshotsById, snapshotsTagged, type Snapshot } from "../../aws/snapshots.ts";
import { volumesOf } from "../../aws/volumes.ts";
import type { ArtifactDraft } from "../../core/artifact.ts";
import { Refusal } from "../../core/errors.ts";
import { collected, defineCollection, later, type Item, type Target, type Verification } from "../../core/step.ts";
import { evidenceTags, markOf } from "./evidence-tags.ts";

const id = "preserve.volume-snapshots";

const volume = z.strictObject({
  volumeId: z.string(),
  device: z.string(),
  sizeGiB: z.number(),
  encrypted: z.boolean(),
  kmsKeyId: z.string().nullable(),
});

const item = z.strictObject({ volumes: z.array(volume).min(1) });

/** So long may a snapshot that AWS has begun stay out of sight. */
const lookForMs = 60_000;

/** The clock of AWS and ours need not agree to the second. */
const clockSkewMs = 300_000;

/**
 * Takes snapshots of all EBS volumes of the instance, in one call and at one point in time.
 *
 * The point in time is that of the request: what is on the disks then is saved, also while the snapshot is `pending` and
 * whatever happens to the instance later. What the system still holds in its memory and has not written is not in it.
 * When one volume fails, AWS fails all of them, and so does this step, with AWS's reason.
 *
 * AWS makes one snapshot of a volume in 15 seconds and five at a time (of st1 and sc1 volumes one): the step waits for that.
 * Disks of the host (instance store) are in no snapshot. They are named, because a stop erases them.
 * Not for an instance that may hibernate while it is taken: AWS advises against snapshots of such volumes.
 */
export const volumeSnapshots = defineCollection({
  id,
  title: "Take snapshots of all volumes at one point in time",
  settlesWithinMs: 60_000,
  permissions: {
    target: {
      plan: ["ec2:DescribeInstanceTypes", "ec2:DescribeInstances", "ec2:DescribeVolumes"],
      collect: ["ec2:CreateSnapshots", "ec2:CreateTags", "ec2:DescribeSnapshots"],
      verify: ["ec2:DescribeSnapshots"],
    },
  },
  input: z.strictObject({}),
  item,

  async plan({ aws, target: { instanceId, account, region } }) {
    const [instance, volumes] = await Promise.all([findInstance(aws.ec2, instanceId), volumesOf(aws.ec2, instanceId)]);
    if (instance === null) throw new Refusal("instance_not_found", { instanceId, account, region });
    if (volumes.length === 0 && instance.state === "terminated")
      throw new Refusal("instance_gone", { instanceId, state: instance.state, region });
    const { hostDisks } = await hardwareOf(aws.ec2, instance.instanceType);
    const details = volumes.map(({ id: volumeId, device, sizeGiB, encrypted, kmsKeyId }) => ({
      volumeId,
      device,
      sizeGiB,
      encrypted,
      kmsKeyId,
    }));
    return {
      items: details.length === 0 ? [] : [{ resource: instanceId, details: { volumes: details } }],
      left: hostDisks.map(({ count, sizeGB }) => ({
        resource: `${count} x ${sizeGB} GB instance store of ${instanceId}`,
        reason: "disks of the host are in no snapshot, and a stop erases them",
      })),
    };
  },

  async collect(context, collecting) {
    const {
      aws,
      lookSince,
      now,
      target,
      case: { id: caseId },
    } = context;
    if (lookSince !== null) {
      const found = ours(await snapshotsTagged(aws.ec2, markOf(context, id)), collecting, lookSince);
      const isWhole = collecting.details.volumes.every(({ volumeId }) =>
        found.some((each) => each.volumeId === volumeId),
      );
      if (isWhole) return collected(...found.map((snapshot) => artifactOf(target, collecting, snapshot)));
      if (now < lookSince + lookForMs) return later({ looking: true }, { afterMs: 5_000, withinMs: 2 * lookForMs });
      if (found.length > 0) return collected(...found.map((snapshot) => artifactOf(target, collecting, snapshot)));
    }
    const made = await createSnapshots(aws.ec2, {
      instanceId: target.instanceId,
      description: `Evidence of ${target.instanceId}, case ${caseId}`,
      tags: evidenceTags(context, id),
    });
    if (made.kind === "busy") return later({ busy: made.reason }, { afterMs: 15_000, withinMs: 3_600_000 });
    return collected(...made.snapshots.map((snapshot) => artifactOf(target, collecting, snapshot)));
  },

  async verify({ aws }, { details, resource }, artifacts) {
    const ids = artifacts.map(({ location }) => idIn(location));
    const snapshots = await snapshotsById(aws.ec2, ids);
    return verdict(resource, details.volumes, { ids, snapshots });
  },
});

type Details = z.infer<typeof item>;

/** Tags can be copied by anybody: what counts as ours is of a planned volume, and not from before we asked. */
function ours(found: readonly Snapshot[], { details }: Item<Details>, since: number): readonly Snapshot[] {
  const planned = new Set(details.volumes.map(({ volumeId }) => volumeId));
  const fitting = found.filter(({ volumeId, startedAt }) => planned.has(volumeId) && startedAt >= since - clockSkewMs);
  const first = new Map<string, Snapshot>();
  for (const snapshot of fitting) {
    const known = first.get(snapshot.volumeId);
    if (known === undefined || snapshot.startedAt < known.startedAt) first.set(snapshot.volumeId, snapshot);
  }
  return [...first.values()];
}

function artifactOf({ region }: Pick<Target, "region">, { details }: Item<Details>, snapshot: Snapshot): ArtifactDraft {
  const planned = details.volumes.find(({ volumeId }) => volumeId === snapshot.volumeId);
  return {
    kind: "volume-snapshot",
    location: `arn:aws:ec2:${region}::snapshot/${snapshot.id}`,
    sha256: null, // Blocks of a snapshot lie with AWS, and it vouches for no hash of the whole.
    bytes: null,
    readAt: snapshot.startedAt,
    lineage: {
      snapshotId: snapshot.id,
      volumeId: snapshot.volumeId,
      device: planned?.device ?? null, // Attached after the plan: AWS took it all the same.
      encrypted: snapshot.encrypted,
      kmsKeyId: snapshot.kmsKeyId ?? planned?.kmsKeyId ?? null,
      sizeGiB: snapshot.sizeGiB,
      startedAt: new Date(snapshot.startedAt).toISOString(),
    },
    lock: null,
  };
}

function idIn(location: string): string {
  return location.slice(location.lastIndexOf("/") + 1);
}

function verdict(
  resource: string,
  volumes: Details["volumes"],
  { ids, snapshots }: { readonly ids: readonly string[]; readonly snapshots: readonly Snapshot[] },
): Verification {
  const expected = volumes.map(({ volumeId }) => `${volumeId} saved`).sort();
  const failed = snapshots.filter(({ state }) => state === "error");
  const stateOf = (volumeId: string): string => {
    const snapshot = snapshots.find((each) => each.volumeId === volumeId && ids.includes(each.id));
    if (snapshot === undefined) return `${volumeId} in no snapshot that AWS shows`;
    if (snapshot.state === "pending" || snapshot.state === "completed") return `${volumeId} saved`;
    return `${volumeId} ${snapshot.state}: ${snapshot.stateMessage ?? "AWS gives no reason"}`;
  };
  const observed = volumes.map(({ volumeId }) => stateOf(volumeId)).sort();
  const isOk = observed.every((line, index) => line === expected[index]);
  return {
    kind: isOk ? "ok" : failed.length > 0 ? "failed" : "notYet",
    what: `snapshots of the volumes of ${resource}`,
    expected,
    observed,
  };
}
