import { DescribeLockedSnapshotsCommand, LockSnapshotCommand } from "@aws-sdk/client-ec2";
import { CordonError } from "../core/errors.ts";
import type { Sender } from "./sender.ts";

const mostPages = 20;

/** How long nobody may delete a snapshot. */
export interface SnapshotLock {
  readonly snapshotId: string;
  /** `governance`, `compliance-cooloff`, `compliance` or `expired`. */
  readonly state: string;
  readonly days: number;
  /** Null while the snapshot is under way: the days count from its completion. */
  readonly expiresAt: number | null;
}

export interface NewLock {
  readonly snapshotId: string;
  /** `compliance`: after the hours of `coolOffHours` nobody can unlock it, root included. */
  readonly mode: "governance" | "compliance";
  readonly days: number;
  readonly coolOffHours: number | null;
}

/**
 * Locks a snapshot, pending or completed. Called again it is the same lock, begun anew.
 * It does not keep anybody from deleting the key that the snapshot is encrypted with.
 * https://docs.aws.amazon.com/ebs/latest/userguide/snapshot-lock-considerations.html
 */
export async function lockSnapshot(ec2: Sender, { snapshotId, mode, days, coolOffHours }: NewLock): Promise<void> {
  await ec2.send(
    new LockSnapshotCommand({
      SnapshotId: snapshotId,
      LockMode: mode,
      LockDuration: days,
      ...(coolOffHours === null ? {} : { CoolOffPeriod: coolOffHours }),
    }),
  );
}

/** The locks of these snapshots; one that has none is left out. */
export async function locksOf(ec2: Sender, snapshotIds: readonly string[]): Promise<readonly SnapshotLock[]> {
  if (snapshotIds.length === 0) return [];
  const found: SnapshotLock[] = [];
  let token: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const { Snapshots = [], NextToken } = await ec2.send(
      new DescribeLockedSnapshotsCommand({
        SnapshotIds: [...snapshotIds],
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    );
    for (const { SnapshotId, LockState, LockDuration, LockExpiresOn } of Snapshots)
      if (SnapshotId !== undefined)
        found.push({
          snapshotId: SnapshotId,
          state: LockState ?? "unknown",
          days: LockDuration ?? 0,
          expiresAt: LockExpiresOn?.getTime() ?? null,
        });
    if (NextToken === undefined || NextToken === "") return found;
    token = NextToken;
  }
  throw new CordonError("list_without_end", { what: "locks", pages: String(mostPages) });
}
