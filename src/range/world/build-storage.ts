import { createHash } from "node:crypto";
import type { BlockDevice, Instance, Tag, Volume } from "./model.ts";
import type { Snapshot } from "./storage-model.ts";
import { takeBlocks } from "./volume-blocks.ts";
import type { Place } from "./world.ts";

export interface VolumeOptions {
  readonly availabilityZone: string;
  readonly sizeGiB?: number;
  readonly volumeType?: string;
  readonly encrypted?: boolean;
  /** Encrypts the volume; the AWS-managed key where it is encrypted without one. */
  readonly kmsKeyId?: string;
  readonly snapshotId?: string;
  readonly attachTo?: Instance;
  readonly deviceName?: string;
  readonly deleteOnTermination?: boolean;
  readonly tags?: Tag[];
  /** How long it is `creating`; scenarios start with volumes that have been there for long. */
  readonly createdInMs?: number;
}

/**
 * The key that EBS makes in every account and Region (`alias/aws/ebs`). What it encrypts cannot be shared.
 * https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html
 */
export function awsManagedEbsKey({ account, region }: Pick<Place, "account" | "region">): string {
  const hex = createHash("sha256").update(`aws/ebs ${account.id} ${region.name}`).digest("hex");
  const uuid = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)];
  return `arn:aws:kms:${region.name}:${account.id}:key/${uuid.join("-")}`;
}

/** Makes a volume, attached where the options say so. */
export function createVolume(place: Place, options: VolumeOptions): Volume {
  const { world, region } = place;
  const encrypted = (options.encrypted ?? false) || options.kmsKeyId !== undefined;
  const volume = world.add<Volume>(region.volumes, {
    id: world.newId("vol"),
    tags: options.tags ?? [],
    sizeGiB: options.sizeGiB ?? 8,
    volumeType: options.volumeType ?? "gp3",
    availabilityZone: options.availabilityZone,
    encrypted,
    kmsKeyId: encrypted ? (options.kmsKeyId ?? awsManagedEbsKey(place)) : null,
    snapshotId: options.snapshotId ?? null,
    createdAt: world.now(),
    availableAt: world.now() + (options.createdInMs ?? 0),
    attachment: null,
    snapshotRuns: [],
    snapshotFault: null,
  });
  const source = snapshotIn(place, volume.snapshotId);
  if (source) takeBlocks(volume, source);
  if (options.attachTo) {
    const { deviceName = "/dev/sdf", deleteOnTermination = false } = options;
    attachVolume(place, volume, options.attachTo, { deviceName, deleteOnTermination, withinMs: 0 });
  }
  return volume;
}

/** A snapshot of any account, as it lies in this Region; null for one that the range does not have. */
function snapshotIn({ world, region }: Place, id: string | null): Snapshot | null {
  if (id === null) return null;
  const regions = [...world.accounts.values()].flatMap((account) => account.regions.get(region.name) ?? []);
  return regions.map(({ snapshots }) => snapshots.get(id)).find((found) => found !== undefined) ?? null;
}

/** Attaches a volume that is free; the caller has looked. */
export function attachVolume(
  { world }: Pick<Place, "world">,
  volume: Volume,
  instance: Instance,
  options: { readonly deviceName: string; readonly deleteOnTermination: boolean; readonly withinMs: number },
): void {
  const { deviceName, deleteOnTermination, withinMs } = options;
  const attachTime = world.now();
  const device: BlockDevice = { deviceName, volumeId: volume.id, deleteOnTermination, attachTime };
  world.change(volume, () => {
    volume.attachment = {
      instanceId: instance.id,
      deviceName,
      deleteOnTermination,
      attachTime,
      settlesAt: attachTime + withinMs,
      isDetaching: false,
    };
  });
  world.change(instance, () => instance.blockDevices.push(device));
}

/** Lets go of volumes whose detachment is through. */
export function settleVolumes({ world, region }: Place): void {
  for (const volume of region.volumes.values()) {
    const { attachment } = volume;
    if (!attachment?.isDetaching || world.now() < attachment.settlesAt) continue;
    world.change(volume, () => (volume.attachment = null));
    const instance = region.instances.get(attachment.instanceId);
    if (instance)
      world.change(instance, () => {
        instance.blockDevices = instance.blockDevices.filter(({ volumeId }) => volumeId !== volume.id);
      });
  }
}

export interface SnapshotOptions {
  readonly description?: string;
  readonly tags?: Tag[];
  /** Why it will end in `error`. */
  readonly failure?: string | null;
}

/** Starts a snapshot of a volume: its point in time is now, and it completes after a time that grows with its size. */
export function startSnapshot(place: Place, volume: Volume, options: SnapshotOptions = {}): Snapshot {
  const { world, region, account } = place;
  const startedAt = world.now();
  const completesAt = startedAt + copyingTimeMs(place, volume.sizeGiB);
  // Not a change that reads could lag behind: AWS shows it nowhere.
  volume.snapshotRuns = [
    ...volume.snapshotRuns.filter((run) => run.completesAt > startedAt),
    { startedAt, completesAt },
  ];
  const snapshot = world.add<Snapshot>(region.snapshots, {
    id: world.newId("snap"),
    tags: options.tags ?? [],
    ownerId: account.id,
    volumeId: volume.id,
    sizeGiB: volume.sizeGiB,
    description: options.description ?? "",
    encrypted: volume.encrypted,
    kmsKeyId: volume.kmsKeyId,
    startedAt,
    completesAt,
    failure: options.failure === undefined ? volume.snapshotFault : options.failure,
    isCopy: false,
    sharedWith: [],
    lock: null,
  });
  takeBlocks(snapshot, volume);
  return snapshot;
}

/** Half a minute and one to three seconds for each GiB, drawn from the world's chance. */
export function copyingTimeMs({ world }: Pick<Place, "world">, sizeGiB: number): number {
  return Math.round(30_000 + sizeGiB * 1000 * (1 + 2 * world.random()));
}
