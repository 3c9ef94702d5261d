import { snapshotState, type Snapshot } from "../../world/storage-model.ts";
import { everySnapshot, maySee } from "../ec2/snapshot-access.ts";
import type { Context } from "../handler.ts";
import { invalid, missing, throttled } from "./errors.ts";

/**
 * A snapshot that can be read: the caller's own or one that was shared with the account by name, and completed.
 *
 * Public ones cannot be: https://docs.aws.amazon.com/ebs/latest/userguide/ebsapi-faq.html. That page also says that a pending
 * one cannot; with which error, it does not.
 */
export function readableSnapshot(context: Context, id: string | undefined): Snapshot {
  if (id === undefined || !/^snap-[0-9a-f]+$/.test(id) || id.length > 64)
    throw invalid("INVALID_SNAPSHOT_ID", `The snapshot ID '${id ?? ""}' is malformed.`);
  const { account, region, world } = context;
  const found = everySnapshot(context, region.name).find((snapshot) => snapshot.id === id);
  const isNamed = found !== undefined && (found.ownerId === account.id || found.sharedWith.includes(account.id));
  if (!found || !maySee(found, account.id) || !isNamed)
    throw missing("SNAPSHOT_NOT_FOUND", `The snapshot '${id}' does not exist.`);
  const state = snapshotState(found, world.now());
  if (state !== "completed")
    throw invalid("INVALID_SNAPSHOT_ID", `The snapshot '${id}' is ${state}: only a completed one can be read.`);
  return itself(context, found);
}

/** What reads show may be a copy, as it was before a change; its blocks hang on the snapshot itself. */
function itself({ world, region }: Context, { id, ownerId }: Snapshot): Snapshot {
  const own = world.accounts.get(ownerId)?.regions.get(region.name)?.snapshots.get(id);
  if (!own) throw missing("SNAPSHOT_NOT_FOUND", `The snapshot '${id}' does not exist.`);
  return own;
}

/** Requests for blocks of one snapshot in a second: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-resource-quotas.html */
const BLOCKS_PER_SECOND = 1000;

interface Bucket {
  tokens: number;
  at: number;
}

const buckets = new WeakMap<Snapshot, Bucket>();

/** Beside the limit of the account, which may have been raised, each snapshot has its own, which cannot be. */
export function takeTurn(snapshot: Snapshot, now: number): void {
  const bucket = buckets.get(snapshot) ?? { tokens: BLOCKS_PER_SECOND, at: now };
  buckets.set(snapshot, bucket);
  const earned = ((now - bucket.at) / 1000) * BLOCKS_PER_SECOND;
  bucket.tokens = Math.min(BLOCKS_PER_SECOND, bucket.tokens + Math.max(0, earned));
  bucket.at = now;
  if (bucket.tokens < 1)
    throw throttled("RESOURCE_LEVEL_THROTTLE", `The request limit of the snapshot '${snapshot.id}' is exceeded.`);
  bucket.tokens -= 1;
}
