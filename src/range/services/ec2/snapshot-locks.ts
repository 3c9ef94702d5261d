import type {
  DescribeLockedSnapshotsRequest,
  DescribeLockedSnapshotsResult,
  LockedSnapshotsInfo,
  LockSnapshotRequest,
  LockSnapshotResult,
  LockState,
  UnlockSnapshotRequest,
  UnlockSnapshotResult,
} from "@aws-sdk/client-ec2";
import { snapshotState, type Snapshot, type SnapshotLock } from "../../world/storage-model.ts";
import { handler, optional, type Context } from "../handler.ts";
import { ec2Error, invalidValue, missingParameter } from "./errors.ts";
import { filterBy, paged } from "./selection.ts";
import { ownSnapshot } from "./snapshot-access.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A length counts from the snapshot's completion: https://docs.aws.amazon.com/ebs/latest/userguide/snapshot-lock-considerations.html */
function durationStart({ completesAt }: Snapshot, { createdAt }: SnapshotLock): number {
  return Math.max(completesAt, createdAt);
}

function expiryOf(snapshot: Snapshot, lock: SnapshotLock): number {
  return lock.expiresAt ?? durationStart(snapshot, lock) + (lock.durationDays ?? 0) * DAY_MS;
}

function coolOffEnd({ createdAt, coolOffHours }: SnapshotLock): number {
  return createdAt + (coolOffHours ?? 0) * HOUR_MS;
}

/** The state of a snapshot's lock; `null` where there is none. */
export function lockStateOf(snapshot: Snapshot, now: number): LockState | null {
  const { lock } = snapshot;
  if (!lock) return null;
  if (now >= expiryOf(snapshot, lock)) return "expired";
  if (lock.mode === "governance") return "governance";
  return now < coolOffEnd(lock) ? "compliance-cooloff" : "compliance";
}

function describeLock(
  { world }: Pick<Context, "world">,
  snapshot: Snapshot,
  lock: SnapshotLock,
): LockSnapshotResult & LockedSnapshotsInfo {
  const start = durationStart(snapshot, lock);
  const expiry = expiryOf(snapshot, lock);
  const isPending = snapshotState(snapshot, world.now()) === "pending";
  return {
    SnapshotId: snapshot.id,
    LockState: lockStateOf(snapshot, world.now()) ?? undefined,
    LockDuration: lock.durationDays ?? Math.ceil((expiry - lock.createdAt) / DAY_MS),
    CoolOffPeriod: optional(lock.coolOffHours),
    CoolOffPeriodExpiresOn: lock.coolOffHours === null ? undefined : new Date(coolOffEnd(lock)),
    LockCreatedOn: new Date(lock.createdAt),
    // Nobody knows the end of a length that has not begun.
    LockDurationStartTime: isPending ? undefined : new Date(start),
    LockExpiresOn: isPending && lock.expiresAt === null ? undefined : new Date(expiry),
  };
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_LockSnapshot.html */
const lock = handler((context, input: LockSnapshotRequest): LockSnapshotResult => {
  const { world } = context;
  const snapshot = ownSnapshot(context, input.SnapshotId);
  if (snapshotState(snapshot, world.now()) === "error")
    throw ec2Error("IncorrectState", `The snapshot '${snapshot.id}' is in the 'error' state.`);
  const next = checkedLock(input, world.now());
  refuseWeakening(snapshot, next, world.now());
  world.change(snapshot, () => (snapshot.lock = next));
  return describeLock(context, snapshot, next);
});

function checkedLock(input: LockSnapshotRequest, now: number): SnapshotLock {
  const { LockMode: mode, LockDuration: days, ExpirationDate: end, CoolOffPeriod: hours } = input;
  if (mode === undefined) throw missingParameter("LockMode");
  if (mode !== "governance" && mode !== "compliance")
    throw invalidValue(mode, "lockMode", "It must be governance or compliance.");
  if ((days === undefined) === (end === undefined))
    throw ec2Error("InvalidParameterCombination", "Specify either LockDuration or ExpirationDate.");
  if (days !== undefined && (days < 1 || days > 36_500))
    throw invalidValue(days, "lockDuration", "It must be between 1 and 36500 days.");
  if (end !== undefined && end.getTime() < now + DAY_MS)
    throw invalidValue(end.toISOString(), "expirationDate", "It must be at least a day from now.");
  if (hours !== undefined && mode === "governance")
    throw ec2Error("InvalidParameterCombination", "A cooling-off period is for compliance mode only.");
  if (hours !== undefined && (hours < 1 || hours > 72))
    throw invalidValue(hours, "coolOffPeriod", "It must be between 1 and 72 hours.");
  return {
    mode,
    createdAt: now,
    coolOffHours: hours ?? null,
    durationDays: days ?? null,
    expiresAt: end?.getTime() ?? null,
  };
}

/** After the cooling-off period a compliance lock can only become longer. */
function refuseWeakening(snapshot: Snapshot, next: SnapshotLock, now: number): void {
  const { lock: present } = snapshot;
  if (!present || lockStateOf(snapshot, now) !== "compliance") return;
  if (
    next.mode !== "compliance" ||
    next.coolOffHours !== null ||
    expiryOf(snapshot, next) < expiryOf(snapshot, present)
  )
    throw ec2Error(
      "OperationNotPermitted",
      `The lock of ${snapshot.id} is in compliance mode: it can only be extended.`,
    );
}

const unlock = handler((context, input: UnlockSnapshotRequest): UnlockSnapshotResult => {
  const { world } = context;
  const snapshot = ownSnapshot(context, input.SnapshotId);
  const state = lockStateOf(snapshot, world.now());
  if (state === null) throw ec2Error("IncorrectState", `The snapshot '${snapshot.id}' is not locked.`);
  if (state === "compliance")
    throw ec2Error("OperationNotPermitted", `The snapshot ${snapshot.id} is locked in compliance mode.`);
  world.change(snapshot, () => (snapshot.lock = null));
  return { SnapshotId: snapshot.id };
});

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLockedSnapshots.html */
const describe = handler((context, input: DescribeLockedSnapshotsRequest): DescribeLockedSnapshotsResult => {
  const { world, region, account } = context;
  const named = world
    .list(region.snapshots)
    .filter(({ id }) => !input.SnapshotIds || input.SnapshotIds.length === 0 || input.SnapshotIds.includes(id));
  const locked = named.flatMap((snapshot) =>
    snapshot.lock ? [{ tags: [], info: describeLock(context, snapshot, snapshot.lock) }] : [],
  );
  const found = filterBy(locked, input.Filters, { "lock-state": ({ info }) => info.LockState });
  const { items, token } = paged(context, found, { input });
  return { Snapshots: items.map(({ info }) => ({ OwnerId: account.id, ...info })), NextToken: token };
});

export const snapshotLockHandlers = {
  LockSnapshot: lock,
  UnlockSnapshot: unlock,
  DescribeLockedSnapshots: describe,
};
