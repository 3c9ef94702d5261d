import type { Resource } from "./model.ts";

/** How a snapshot is kept from deletion: https://docs.aws.amazon.com/ebs/latest/userguide/snapshot-lock-concepts.html */
export interface SnapshotLock {
  mode: "governance" | "compliance";
  createdAt: number;
  /** Compliance only; `null` without a cooling-off period. */
  coolOffHours: number | null;
  /** `null` where the lock was given an end instead. */
  durationDays: number | null;
  /** `null` where the lock was given a length instead, which counts from the snapshot's completion. */
  expiresAt: number | null;
}

export interface Snapshot extends Resource {
  readonly ownerId: string;
  /** `vol-ffffffff` for a copy. */
  readonly volumeId: string;
  readonly sizeGiB: number;
  readonly description: string;
  readonly encrypted: boolean;
  readonly kmsKeyId: string | null;
  readonly startedAt: number;
  /** When it is completed, or has failed. */
  readonly completesAt: number;
  /** Why it ends in `error`; `null` for one that completes. */
  readonly failure: string | null;
  readonly isCopy: boolean;
  /** Accounts that may make volumes of it, or `all`. */
  sharedWith: string[];
  lock: SnapshotLock | null;
}

export interface ImageDevice {
  readonly deviceName: string;
  readonly snapshotId: string | null;
  readonly sizeGiB: number;
  readonly volumeType: string;
  readonly encrypted: boolean;
  readonly deleteOnTermination: boolean;
}

export interface Image extends Resource {
  readonly ownerId: string;
  readonly name: string;
  description: string;
  readonly createdAt: number;
  readonly availableAt: number;
  /** Why it ends in `failed`. */
  readonly failure: string | null;
  readonly architecture: string;
  readonly platform: "windows" | null;
  readonly rootDeviceName: string;
  readonly devices: readonly ImageDevice[];
  /** The instance it was made of. */
  readonly sourceInstanceId: string | null;
  /** Accounts that may launch it, or `all`. */
  launchableBy: string[];
}

/** An attachment of a volume. Attaching and detaching take a moment. */
export interface VolumeAttachment {
  readonly instanceId: string;
  readonly deviceName: string;
  deleteOnTermination: boolean;
  readonly attachTime: number;
  /** When it will be attached, or detached. */
  settlesAt: number;
  isDetaching: boolean;
}

/** A snapshot of a volume under way, whether or not it was deleted meanwhile. */
export interface SnapshotRun {
  readonly startedAt: number;
  readonly completesAt: number;
}

export type SnapshotState = "pending" | "completed" | "error";

/** States and progress follow from the time: nothing needs to run for a snapshot to complete. */
export function snapshotState({ completesAt, failure }: Snapshot, now: number): SnapshotState {
  if (now < completesAt) return "pending";
  return failure === null ? "completed" : "error";
}

export function snapshotProgress({ startedAt, completesAt, failure }: Snapshot, now: number): string {
  if (now >= completesAt) return failure === null ? "100%" : "";
  const percent = Math.floor((100 * (now - startedAt)) / (completesAt - startedAt));
  return percent === 0 ? "" : `${percent}%`;
}

export function imageState({ availableAt, failure }: Image, now: number): "pending" | "available" | "failed" {
  if (now < availableAt) return "pending";
  return failure === null ? "available" : "failed";
}
