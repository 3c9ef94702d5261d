import type {
  CreateSnapshotRequest,
  CreateSnapshotsRequest,
  CreateSnapshotsResult,
  DeleteSnapshotRequest,
  DescribeSnapshotsRequest,
  DescribeSnapshotsResult,
  Snapshot as SdkSnapshot,
  SnapshotInfo,
} from "@aws-sdk/client-ec2";
import { startSnapshot } from "../../world/build-storage.ts";
import type { Instance, Tag, Volume } from "../../world/model.ts";
import { snapshotProgress, snapshotState, type Snapshot } from "../../world/storage-model.ts";
import { handler, optional, type Context } from "../handler.ts";
import { ec2Error, existing, invalidValue, notFound } from "./errors.ts";
import { filterBy, paged, type Filters } from "./selection.ts";
import { everySnapshot, maySee, ownSnapshot } from "./snapshot-access.ts";
import { lockStateOf } from "./snapshot-locks.ts";
import { fromTags, specifiedTags } from "./tags.ts";

/**
 * At most this many snapshots of one volume at a time, and one in this time.
 * https://docs.aws.amazon.com/ebs/latest/userguide/ebs-resource-quotas.html
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
 */
const CONCURRENT_SNAPSHOTS = { perVolume: 5, perThroughputVolume: 1, pauseMs: 15_000 } as const;
const THROUGHPUT_TYPES: ReadonlySet<string> = new Set(["st1", "sc1"]);

function describeSnapshot({ world, account }: Context, snapshot: Snapshot): SdkSnapshot {
  const now = world.now();
  return {
    SnapshotId: snapshot.id,
    VolumeId: snapshot.volumeId,
    VolumeSize: snapshot.sizeGiB,
    Description: snapshot.description,
    Encrypted: snapshot.encrypted,
    KmsKeyId: optional(snapshot.kmsKeyId),
    OwnerId: snapshot.ownerId,
    StartTime: new Date(snapshot.startedAt),
    CompletionTime: snapshotState(snapshot, now) === "completed" ? new Date(snapshot.completesAt) : undefined,
    State: snapshotState(snapshot, now),
    StateMessage: now < snapshot.completesAt ? undefined : optional(snapshot.failure),
    Progress: snapshotProgress(snapshot, now),
    StorageTier: "standard",
    Tags: snapshot.ownerId === account.id ? fromTags(snapshot.tags) : [],
  };
}

function filtersFor({ world, account }: Context): Filters<Snapshot> {
  return {
    "snapshot-id": ({ id }) => id,
    "volume-id": ({ volumeId }) => volumeId,
    "volume-size": ({ sizeGiB }) => sizeGiB,
    description: ({ description }) => description,
    encrypted: ({ encrypted }) => encrypted,
    "owner-id": ({ ownerId }) => ownerId,
    progress: (snapshot) => snapshotProgress(snapshot, world.now()),
    "start-time": ({ startedAt }) => new Date(startedAt).toISOString(),
    status: (snapshot) => snapshotState(snapshot, world.now()),
    "storage-tier": () => "standard",
    // Tags are their owner's, and not shown to those whom a snapshot is shared with.
    "tag-key": ({ ownerId, tags }) => (ownerId === account.id ? tags.map(({ key }) => key) : []),
  };
}

/** Own snapshots and shared ones: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshots.html */
const describe = handler((context, input: DescribeSnapshotsRequest): DescribeSnapshotsResult => {
  const { account, region } = context;
  const all = everySnapshot(context, region.name);
  const { SnapshotIds: ids = [], OwnerIds: owners = [], RestorableByUserIds: users = [] } = input;
  if (ids.length > 0 && input.MaxResults !== undefined)
    throw ec2Error("InvalidParameterCombination", "The parameter maxResults cannot be used with snapshot ids.");
  for (const id of ids) if (!all.some((snapshot) => snapshot.id === id)) throw notFound("snapshot", id);
  const mine = (name: string): string => (name === "self" ? account.id : name);
  const named = all
    .filter((snapshot) => maySee(snapshot, account.id))
    .filter(({ id }) => ids.length === 0 || ids.includes(id))
    .filter(({ ownerId }) => owners.length === 0 || owners.map(mine).includes(ownerId))
    .filter(
      ({ ownerId, sharedWith }) =>
        users.length === 0 || users.map(mine).some((user) => sharedWith.includes(user) || ownerId === user),
    );
  const shown = named.map((snapshot) => (snapshot.ownerId === account.id ? snapshot : { ...snapshot, tags: [] }));
  const { items, token } = paged(context, filterBy(shown, input.Filters, filtersFor(context)), { input });
  return { Snapshots: items.map((snapshot) => describeSnapshot(context, snapshot)), NextToken: token };
});

function inUseBySnapshots({ region, world }: Context, volume: Volume): number {
  const now = world.now();
  const failed = [...region.snapshots.values()].filter(
    (snapshot) => snapshot.volumeId === volume.id && snapshotState(snapshot, now) === "error",
  );
  return volume.snapshotRuns.filter(({ completesAt }) => now < completesAt).length + failed.length;
}

/**
 * A snapshot that was deleted on the way, or failed, counts like one that is under way:
 * https://repost.aws/knowledge-center/ebs-snapshot-stuck
 */
export function checkSnapshotLimits(context: Context, volumes: readonly Volume[]): void {
  for (const volume of volumes) {
    const latest = Math.max(...volume.snapshotRuns.map(({ startedAt }) => startedAt));
    if (context.world.now() < latest + CONCURRENT_SNAPSHOTS.pauseMs)
      throw ec2Error(
        "SnapshotCreationPerVolumeRateExceeded",
        "The maximum per volume CreateSnapshot request rate has been exceeded. Use an increasing or variable sleep interval between requests.",
      );
    const most = THROUGHPUT_TYPES.has(volume.volumeType)
      ? CONCURRENT_SNAPSHOTS.perThroughputVolume
      : CONCURRENT_SNAPSHOTS.perVolume;
    if (inUseBySnapshots(context, volume) >= most)
      throw ec2Error(
        "ConcurrentSnapshotLimitExceeded",
        `Maximum allowed in-progress snapshots for a single volume exceeded: ${volume.id}`,
      );
  }
}

/** One volume, attached or not: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSnapshot.html */
const create = handler((context, input: CreateSnapshotRequest): SdkSnapshot => {
  const volume = existing(context.world, context.region.volumes, { kind: "volume", id: input.VolumeId });
  const tags = specifiedTags(input.TagSpecifications, "snapshot");
  checkSnapshotLimits(context, [volume]);
  return describeSnapshot(context, startSnapshot(context, volume, { description: input.Description ?? "", tags }));
});

/**
 * The volumes of an instance at one point in time: when one fails, all end in `error`.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSnapshots.html
 */
const createMany = handler((context, input: CreateSnapshotsRequest): CreateSnapshotsResult => {
  const { world, region } = context;
  const instance = existing(world, region.instances, { kind: "instance", id: input.InstanceSpecification?.InstanceId });
  if (instance.state === "terminated" || instance.state === "shutting-down")
    throw ec2Error("IncorrectInstanceState", `The instance '${instance.id}' is in the '${instance.state}' state.`);
  const volumes = includedVolumes(context, instance, input);
  const given = specifiedTags(input.TagSpecifications, "snapshot");
  checkSnapshotLimits(context, volumes);
  const failure = volumes.map(({ snapshotFault }) => snapshotFault).find((fault) => fault !== null) ?? null;
  const snapshots = volumes.map((volume) => {
    const copied = input.CopyTagsFromSource === "volume" ? volume.tags : [];
    return startSnapshot(context, volume, {
      description: input.Description ?? "",
      tags: joined(copied, given),
      failure,
    });
  });
  return { Snapshots: snapshots.map((snapshot) => infoOf(context, snapshot)) };
});

function includedVolumes(
  { region }: Context,
  instance: Instance,
  { InstanceSpecification: specification }: CreateSnapshotsRequest,
): Volume[] {
  const excluded = specification?.ExcludeDataVolumeIds ?? [];
  const attached = instance.blockDevices.flatMap(
    ({ volumeId, deviceName }) => region.volumes.get(volumeId)?.id ?? deviceName,
  );
  const stranger = excluded.find((id) => !attached.includes(id));
  if (stranger !== undefined)
    throw invalidValue(stranger, "ExcludeDataVolumeIds", `It is not attached to ${instance.id}.`);
  const included = instance.blockDevices
    .filter(({ deviceName }) => !(specification?.ExcludeBootVolume === true && deviceName === instance.rootDeviceName))
    .filter(({ volumeId }) => !excluded.includes(volumeId))
    .flatMap(({ volumeId }) => region.volumes.get(volumeId) ?? []);
  if (included.length === 0)
    throw ec2Error("InvalidParameterCombination", `No volumes of the instance '${instance.id}' are left to snapshot.`);
  return included;
}

/** Tags that the call gives win over those of the volume; what is AWS's own is not copied. */
function joined(copied: readonly Tag[], given: readonly Tag[]): Tag[] {
  const kept = copied.filter(({ key }) => !key.startsWith("aws:") && !given.some((tag) => tag.key === key));
  return [...kept.map((tag) => ({ ...tag })), ...given.map((tag) => ({ ...tag }))];
}

function infoOf(context: Context, snapshot: Snapshot): SnapshotInfo {
  const { Description, Tags, Encrypted, VolumeId, State, VolumeSize, StartTime, Progress, OwnerId, SnapshotId } =
    describeSnapshot(context, snapshot);
  return { Description, Tags, Encrypted, VolumeId, State, VolumeSize, StartTime, Progress, OwnerId, SnapshotId };
}

/**
 * Refused while an image needs it, or a lock holds: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-deleting-snapshot.html
 * AWS's list of codes has none for a locked snapshot; the general one stands here.
 */
const remove = handler((context, input: DeleteSnapshotRequest) => {
  const { world, region } = context;
  const snapshot = ownSnapshot(context, input.SnapshotId);
  const image = [...region.images.values()].find(({ devices }) =>
    devices.some(({ snapshotId }) => snapshotId === snapshot.id),
  );
  if (image) throw ec2Error("InvalidSnapshot.InUse", `The snapshot ${snapshot.id} is currently in use by ${image.id}`);
  const lock = lockStateOf(snapshot, world.now());
  if (lock !== null && lock !== "expired")
    throw ec2Error("OperationNotPermitted", `The snapshot ${snapshot.id} is locked in ${lock} and cannot be deleted.`);
  world.remove(region.snapshots, snapshot.id);
  return {};
});

export const snapshotHandlers = {
  DescribeSnapshots: describe,
  CreateSnapshot: create,
  CreateSnapshots: createMany,
  DeleteSnapshot: remove,
};
