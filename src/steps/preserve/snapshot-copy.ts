import { z } from "zod";
import type { Sender } from "../../aws/sender.ts";
import { copySnapshot, shareSnapshot, type NewCopy } from "../../aws/snapshot-sharing.ts";
import { snapshotsById, snapshotsTagged } from "../../aws/snapshots.ts";
import {
  collected,
  defineCollection,
  later,
  type CollectResult,
  type Item,
  type StepContext,
} from "../../core/step.ts";
import { snapshotsOfCase, snapshotsStep } from "./case-snapshots.ts";
import { evidenceTags, markOf } from "./evidence-tags.ts";

const id = "preserve.snapshot-copy";

const input = z.strictObject({
  /** The account that keeps the copies: twelve digits. That of the configuration when left out. */
  evidenceAccount: z
    .string()
    .regex(/^\d{12}$/)
    .nullable()
    .default(null),
  /** A customer key of the target's account. What lies under the AWS-managed key is encrypted anew with it, to be shared. The configuration's when left out. */
  sharingKeyId: z.string().nullable().default(null),
  /** The key of the evidence account that the copies are encrypted with. The configuration's when left out. */
  evidenceKeyId: z.string().nullable().default(null),
});

const item = z.strictObject({
  volumeId: z.string(),
  evidenceAccount: z.string(),
  sharingKeyId: z.string().nullable(),
  evidenceKeyId: z.string().nullable(),
});

/** How far one snapshot has come: as it was taken, encrypted anew in its own account, copied to the evidence account. */
const progress = z.strictObject({ phase: z.enum(["taken", "reencrypted", "copied"]), snapshotId: z.string() });

type Copying = Item<z.infer<typeof item>>;
type Progress = z.infer<typeof progress>;

/** AWS gives no promise how long a copy takes; large volumes take hours. */
const patienceMs = 86_400_000;
const lookForMs = 60_000;

/**
 * Copies the snapshots of this case to the evidence account, out of reach of whoever owns the target's account.
 *
 * AWS copies what is completed, twenty at a time into a Region: the step waits for both. What lies under the AWS-managed key
 * cannot be shared with anybody: it is first copied within its account under a customer key. That key's policy must let
 * the evidence account use it. The copy has no tags of the original and no volume id: the journal keeps where it comes from.
 */
export const snapshotCopy = defineCollection({
  id,
  title: "Copy the snapshots to the evidence account",
  needs: [snapshotsStep],
  settlesWithinMs: 60_000,
  permissions: {
    target: {
      plan: ["ec2:DescribeSnapshots"],
      collect: ["ec2:CopySnapshot", "ec2:CreateTags", "ec2:DescribeSnapshots", "ec2:ModifySnapshotAttribute"],
      verify: ["ec2:DescribeSnapshots"],
    },
    evidence: {
      collect: ["ec2:CopySnapshot", "ec2:CreateTags", "ec2:DescribeSnapshots"],
      verify: ["ec2:DescribeSnapshots"],
    },
  },
  input,
  item,

  async plan(context, keys) {
    const { target, settings, evidence } = context;
    const leave = (reason: string) => ({ items: [], left: [{ resource: target.instanceId, reason }] });
    const evidenceAccount = keys.evidenceAccount ?? settings.evidence?.account ?? null;
    if (evidence === undefined || evidenceAccount === null)
      return leave("no role in an evidence account is configured");
    if (settings.evidence && settings.evidence.account !== evidenceAccount) {
      return leave(
        `the playbook names evidence account ${evidenceAccount}, and the role is one of ${settings.evidence.account}`,
      );
    }
    if (evidenceAccount === target.account)
      return leave("the evidence account is the instance's own: a copy gains nothing");
    const { snapshots, left } = await snapshotsOfCase(context);
    const items = snapshots.map((snapshot) => ({
      resource: snapshot.id,
      details: {
        volumeId: snapshot.volumeId,
        evidenceAccount,
        sharingKeyId: keys.sharingKeyId ?? settings.evidence?.sharingKeyId ?? null,
        evidenceKeyId: keys.evidenceKeyId ?? settings.evidence?.kmsKeyId ?? null,
      },
    }));
    return { items, left };
  },

  collect(context, copying, reached) {
    const at = reached === null ? { phase: "taken" as const, snapshotId: copying.resource } : progress.parse(reached);
    return at.phase === "copied" ? awaitCopy(context, copying, at) : handOver(context, copying, at);
  },

  async verify({ aws, evidence }, { resource }, artifacts) {
    const what = `copy of ${resource} in the evidence account`;
    const [artifact] = artifacts;
    const [source] = artifact === undefined ? await snapshotsById(aws.ec2, [resource]) : [];
    const [copy] = artifact === undefined ? [] : await snapshotsById(senderOf(evidence), [idIn(artifact.location)]);
    const seen = copy ?? source;
    const observed =
      seen === undefined ? "AWS shows none" : `${seen.id} ${seen.state} ${seen.stateMessage ?? ""}`.trim();
    const kind = copy?.state === "completed" ? "ok" : seen?.state === "error" ? "failed" : "notYet";
    return { kind, what, expected: "a completed copy", observed };
  },
});

/** Shares the snapshot and starts the copy; first encrypts it anew where AWS refuses to share it as it is. */
async function handOver(context: StepContext, copying: Copying, at: Progress): Promise<CollectResult> {
  const { aws, evidence } = context;
  const { evidenceAccount, sharingKeyId, evidenceKeyId } = copying.details;
  const [source] = await snapshotsById(aws.ec2, [at.snapshotId]);
  const isGone = source === undefined && at.phase === "taken"; // The plan saw it: somebody deleted it since.
  if (isGone || source?.state === "error") return collected(); // Nothing to copy: verify says why.
  if (source?.state !== "completed") return wait(at, 30_000);
  const shared = await shareSnapshot(aws.ec2, source.id, evidenceAccount);
  if (shared.kind === "shared") {
    const copy = { source: at, to: "copied", keyId: evidenceKeyId } as const;
    return startOnce(context, senderOf(evidence), copy);
  }
  if (at.phase === "reencrypted" || sharingKeyId === null) throw shared.error;
  return startOnce(context, aws.ec2, { source: at, to: "reencrypted", keyId: sharingKeyId });
}

interface Copy {
  readonly source: Progress;
  readonly to: "reencrypted" | "copied";
  readonly keyId: string | null;
}

/** The call has no client token: after an attempt whose end nobody knows, what it made is looked for by its tags. */
async function startOnce(context: StepContext, ec2: Sender, { source, to, keyId }: Copy): Promise<CollectResult> {
  const { lookSince, now, target, case: itself } = context;
  const origin = { "cordon:source": source.snapshotId };
  if (lookSince !== null) {
    const [known] = await snapshotsTagged(ec2, { ...markOf(context, id), ...origin });
    if (known !== undefined) return wait({ phase: to, snapshotId: known.id }, 5_000);
    if (now < lookSince + lookForMs) return wait(source, 5_000);
  }
  const copy: NewCopy = {
    sourceId: source.snapshotId,
    sourceRegion: target.region,
    description: `Evidence of ${target.instanceId}, case ${itself.id}, copied from ${source.snapshotId}`,
    keyId,
    tags: { ...evidenceTags(context, id), ...origin },
  };
  const started = await copySnapshot(ec2, copy);
  if (started.kind === "busy") return wait(source, 60_000);
  return wait({ phase: to, snapshotId: started.snapshotId }, 30_000);
}

async function awaitCopy(context: StepContext, copying: Copying, at: Progress): Promise<CollectResult> {
  const { evidence, target, now } = context;
  const [copy] = await snapshotsById(senderOf(evidence), [at.snapshotId]);
  if (copy === undefined || copy.state === "pending") return wait(at, 30_000);
  return collected({
    kind: "volume-snapshot-copy",
    location: `arn:aws:ec2:${target.region}::snapshot/${copy.id}`,
    sha256: null,
    bytes: null,
    readAt: now,
    lineage: {
      copyOf: copying.resource,
      volumeId: copying.details.volumeId, // The copy itself carries an id that no volume has.
      account: copying.details.evidenceAccount,
      encrypted: copy.encrypted,
      kmsKeyId: copy.kmsKeyId,
      sizeGiB: copy.sizeGiB,
      startedAt: new Date(copy.startedAt).toISOString(),
    },
    lock: null,
  });
}

function wait(at: Progress, afterMs: number): CollectResult {
  return later(at, { afterMs, withinMs: patienceMs });
}

function senderOf(evidence: StepContext["evidence"]): Sender {
  if (evidence === undefined) throw new TypeError("there are no clients of an evidence account any more");
  return evidence.ec2;
}

function idIn(location: string): string {
  return location.slice(location.lastIndexOf("/") + 1);
}
