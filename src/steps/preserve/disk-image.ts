import { z } from "zod";
import { findInstance } from "../../aws/instances.ts";
import { BLOCK_BYTES, readBlock, writtenBlocks, type WrittenBlock } from "../../aws/snapshot-blocks.ts";
import { snapshotsById, type Snapshot } from "../../aws/snapshots.ts";
import { CordonError, Refusal } from "../../core/errors.ts";
import {
  collected,
  defineCollection,
  later,
  type CollectResult,
  type Item,
  type StepContext,
} from "../../core/step.ts";
import { savedVolumes, snapshotsOfCase, snapshotsStep } from "./case-snapshots.ts";
import { ImageWriter, written } from "./disk-image-writer.ts";
import { expectStored } from "./stored-content.ts";

const input = z.strictObject({
  volumes: z
    .enum(["all", "root"])
    .default("all")
    .describe("Which volumes are read: all, or the one that the instance starts from."),
  mostGiB: z
    .int()
    .min(1)
    .max(1024)
    .default(128)
    .describe("Larger volumes are left: their snapshots keep them, and a plan says so."),
});

const item = z.strictObject({ volumeId: z.string(), device: z.string().nullable(), sizeGiB: z.int().min(1) });

type Imaging = Item<z.infer<typeof item>>;

const progress = z.discriminatedUnion("phase", [
  z.strictObject({ phase: z.literal("waiting") }),
  z.strictObject({
    phase: z.literal("reading"),
    readFrom: z.number(),
    /** Of the snapshot: its point in time and its key. */
    takenAt: z.number(),
    kmsKeyId: z.string().nullable(),
    ...written.shape,
  }),
]);

type Reading = Extract<z.infer<typeof progress>, { readonly phase: "reading" }>;

const GIB = 1024 ** 3;
const BLOCKS_PER_GIB = GIB / BLOCK_BYTES;
const MIB = 1024 ** 2;

/** A snapshot of a terabyte may take a day to complete, and its image a few hours. */
const patienceMs = 7 * 86_400_000;

/** Blocks that are asked for at the same time: far below AWS's limit, so that a second image finds room. */
const SIDE_BY_SIDE = 16;

/**
 * Reads the volumes block by block from their snapshots, and stores each as an image of the whole disk.
 *
 * What a tool for disks takes: unpacked it is what `dd` would have read from the volume at the snapshot's point in time, and
 * has the SHA-256 that the artifact's lineage names. It is stored as gzip, so that what was never written costs a thousandth.
 * Every block is compared with AWS's own SHA-256 of it. The image of an encrypted volume is plain: what protects it is the
 * vault's encryption.
 *
 * AWS lets nobody read a snapshot before it is completed: the step waits. Then it takes as long as the reading and the
 * hashing of the whole disk, empty parts too, about a minute for ten gigabytes; it goes on where it was after a crash. It
 * belongs after the cut. Volumes above `mostGiB` are left to their snapshots.
 */
export const diskImage = defineCollection({
  id: "preserve.disk-image",
  title: "Store an image of every disk in the vault",
  needs: [snapshotsStep],
  settlesWithinMs: 0,
  permissions: {
    target: {
      plan: ["ec2:DescribeInstances", "ec2:DescribeSnapshots"],
      collect: ["ebs:GetSnapshotBlock", "ebs:ListSnapshotBlocks", "ec2:DescribeSnapshots", "kms:Decrypt"],
      verify: [],
    },
  },
  input,
  item,

  async plan(context, { volumes, mostGiB }) {
    const { aws, outcomes, target } = context;
    const [{ snapshots, left }, root] = await Promise.all([
      snapshotsOfCase(context),
      volumes === "root" ? findInstance(aws.ec2, target.instanceId).then((found) => found?.rootDevice ?? null) : null,
    ]);
    const saved = savedVolumes(outcomes[snapshotsStep] ?? []);
    const disks = snapshots.map((snapshot) => {
      const device = saved.find(({ volumeId }) => volumeId === snapshot.volumeId)?.device ?? null;
      const wanted = { mostGiB, isWanted: volumes === "all" || (root !== null && device === root) };
      return { ...snapshot, device, reason: reasonNotRead(snapshot, wanted) };
    });
    return {
      items: disks
        .filter(({ reason }) => reason === null)
        .map(({ id, volumeId, sizeGiB, device }) => ({ resource: id, details: { volumeId, device, sizeGiB } })),
      left: [...left, ...disks.flatMap(({ id, reason }) => (reason === null ? [] : [{ resource: id, reason }]))],
    };
  },

  collect(context, imaging, reached) {
    const at = reached === null ? { phase: "waiting" as const } : progress.parse(reached);
    if (at.phase === "waiting") return begin(context, imaging);
    const isWhole = at.nextBlock === imaging.details.sizeGiB * BLOCKS_PER_GIB;
    return isWhole ? complete(context, imaging, at) : readOn(context, imaging, at);
  },

  verify: (_, { details }, artifacts) => Promise.resolve(expectStored(`image of ${details.volumeId}`, artifacts)),
});

function reasonNotRead(
  { sizeGiB }: Snapshot,
  { mostGiB, isWanted }: { readonly mostGiB: number; readonly isWanted: boolean },
): string | null {
  if (!isWanted) return "only the root volume is asked for, and AWS does not name this one as it";
  if (sizeGiB <= mostGiB) return null;
  return `${sizeGiB} GiB, and volumes of up to ${mostGiB} GiB are read (mostGiB): its snapshot keeps it`;
}

/** Opens the upload when the snapshot can be read; nothing is put before the journal knows the upload. */
async function begin({ aws, vault, now }: StepContext, { resource, details }: Imaging): Promise<CollectResult> {
  const [snapshot] = await snapshotsById(aws.ec2, [resource]);
  const reason = reasonUnreadable(snapshot);
  if (reason !== null) throw new Refusal("snapshot_unreadable", { snapshotId: resource, reason });
  if (snapshot?.state !== "completed") return later({ phase: "waiting" }, { afterMs: 30_000, withinMs: patienceMs });
  const upload = await vault.large.open("disk-image", `${details.volumeId}-${resource}.gz`, {
    partBytes: partBytesFor(details.sizeGiB),
    sentBy: "us",
  });
  return goOn({
    phase: "reading",
    readFrom: now,
    takenAt: snapshot.startedAt,
    kmsKeyId: snapshot.kmsKeyId,
    upload,
    nextBlock: 0,
    parts: 0,
    storedBytes: 0,
    writtenBlocks: 0,
    rawHash: null,
    storedHash: null,
  });
}

function reasonUnreadable(snapshot: Snapshot | undefined): string | null {
  if (snapshot === undefined) return "it was deleted since the plan";
  return snapshot.state === "error" ? (snapshot.stateMessage ?? "it failed, and AWS gives no reason") : null;
}

/** At most 8,000 parts where nothing can be packed; ten thousand is S3's limit. */
function partBytesFor(sizeGiB: number): number {
  return Math.max(8, Math.ceil((sizeGiB * GIB) / MIB / 8000)) * MIB;
}

/** One call reads this much. Each ends with a part that is filled up: at most 128 of 8,000. */
function blocksPerCall(sizeGiB: number): number {
  return BLOCKS_PER_GIB * Math.max(1, Math.ceil(sizeGiB / 128));
}

async function readOn(
  { aws, vault, signal }: StepContext,
  { resource, details: { sizeGiB } }: Imaging,
  { phase, readFrom, takenAt, kmsKeyId, ...at }: Reading,
): Promise<CollectResult> {
  const end = sizeGiB * BLOCKS_PER_GIB;
  const until = Math.min(end, at.nextBlock + blocksPerCall(sizeGiB));
  const writer = new ImageWriter(vault.large, { at, signal });
  for await (const batch of batches(writtenBlocks(aws.ebs, resource, at.nextBlock), { until, end })) {
    signal.throwIfAborted();
    const contents = await Promise.all(
      batch.map(async (block) => ({ index: block.index, content: await readBlock(aws.ebs, resource, block) })),
    );
    for (const { index, content } of contents) {
      await writer.emptyUntil(index);
      await writer.block(content);
    }
  }
  await writer.emptyUntil(until);
  const next = await writer.close({ isEnd: until === end });
  return goOn({ phase, readFrom, takenAt, kmsKeyId, ...next });
}

/** The blocks before an index, some at a time. */
async function* batches(
  blocks: AsyncIterable<WrittenBlock>,
  { until, end }: { readonly until: number; readonly end: number },
): AsyncGenerator<readonly WrittenBlock[]> {
  let batch: WrittenBlock[] = [];
  for await (const block of blocks) {
    if (block.index >= end)
      throw new CordonError("answer_incomplete", { what: `AWS listed block ${block.index} of a disk with ${end}` });
    if (block.index >= until) break;
    batch.push(block);
    if (batch.length < SIDE_BY_SIDE) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function goOn(at: Reading): CollectResult {
  return later(at, { afterMs: 0, withinMs: patienceMs });
}

async function complete({ vault }: StepContext, { resource, details }: Imaging, at: Reading): Promise<CollectResult> {
  const { location, bytes, lock } = await vault.large.complete(at.upload, at.parts);
  if (bytes !== at.storedBytes)
    throw new CordonError("evidence_damaged", {
      location,
      reason: `it has ${bytes} bytes, and ${at.storedBytes} were put`,
    });
  const [rawSha256, sha256] = [await vault.large.digest(at.rawHash), await vault.large.digest(at.storedHash)];
  return collected({
    kind: "disk-image",
    location,
    sha256,
    bytes,
    readAt: at.readFrom,
    lineage: {
      snapshotId: resource,
      volumeId: details.volumeId,
      device: details.device,
      takenAt: new Date(at.takenAt).toISOString(),
      source: "ebs:GetSnapshotBlock",
      format: "raw image of the whole disk, packed as gzip",
      blockBytes: BLOCK_BYTES,
      writtenBlocks: at.writtenBlocks,
      rawBytes: details.sizeGiB * GIB,
      rawSha256,
      kmsKeyId: at.kmsKeyId,
    },
    lock,
  });
}
