import type {
  AttachVolumeRequest,
  CreateVolumeRequest,
  DeleteVolumeRequest,
  DescribeVolumesRequest,
  DescribeVolumesResult,
  DetachVolumeRequest,
  Volume as SdkVolume,
  VolumeAttachment as SdkAttachment,
} from "@aws-sdk/client-ec2";
import { attachVolume, createVolume } from "../../world/build-storage.ts";
import { instanceTypeOf } from "../../world/instance-types.ts";
import type { Instance, Volume } from "../../world/model.ts";
import { interfacesOf } from "../../world/place.ts";
import { snapshotState, type Snapshot, type VolumeAttachment } from "../../world/storage-model.ts";
import { handler, optional, type Context } from "../handler.ts";
import { onceFor } from "./client-tokens.ts";
import { ec2Error, existing, invalidValue, missingParameter, notFound } from "./errors.ts";
import { select, type Filters } from "./selection.ts";
import { visibleSnapshot } from "./snapshot-access.ts";
import { fromTags, specifiedTags } from "./tags.ts";

const CREATING_MS = 2_000;
const ATTACHING_MS = 3_000;
const DETACHING_MS = 5_000;

/** https://docs.aws.amazon.com/ebs/latest/userguide/ebs-describing-volumes.html */
function stateOf(volume: Volume, now: number): "creating" | "available" | "in-use" {
  if (volume.attachment) return "in-use";
  return now < volume.availableAt ? "creating" : "available";
}

function attachmentState(
  { settlesAt, isDetaching }: VolumeAttachment,
  now: number,
): "attaching" | "attached" | "detaching" {
  if (isDetaching) return "detaching";
  return now < settlesAt ? "attaching" : "attached";
}

/** The instance's own list of devices is where the attribute is changed: the volume follows it. */
function deletesOnTermination({ world, region }: Context, volumeId: string, attachment: VolumeAttachment): boolean {
  const device = world
    .see(region.instances, attachment.instanceId)
    ?.blockDevices.find((each) => each.volumeId === volumeId);
  return device?.deleteOnTermination ?? attachment.deleteOnTermination;
}

function describeAttachment(context: Context, volumeId: string, attachment: VolumeAttachment): SdkAttachment {
  return {
    VolumeId: volumeId,
    InstanceId: attachment.instanceId,
    Device: attachment.deviceName,
    AttachTime: new Date(attachment.attachTime),
    DeleteOnTermination: deletesOnTermination(context, volumeId, attachment),
    State: attachmentState(attachment, context.world.now()),
  };
}

function describeVolume(context: Context, volume: Volume): SdkVolume {
  return {
    VolumeId: volume.id,
    Size: volume.sizeGiB,
    VolumeType: volume.volumeType as "gp3",
    AvailabilityZone: volume.availabilityZone,
    State: stateOf(volume, context.world.now()),
    Encrypted: volume.encrypted,
    KmsKeyId: optional(volume.kmsKeyId),
    SnapshotId: volume.snapshotId ?? "",
    CreateTime: new Date(volume.createdAt),
    MultiAttachEnabled: false,
    Attachments: volume.attachment ? [describeAttachment(context, volume.id, volume.attachment)] : [],
    Tags: fromTags(volume.tags),
  };
}

function filtersFor(context: Context): Filters<Volume> {
  const now = context.world.now();
  return {
    "volume-id": ({ id }) => id,
    "attachment.instance-id": ({ attachment }) => attachment?.instanceId,
    "attachment.device": ({ attachment }) => attachment?.deviceName,
    "attachment.status": ({ attachment }) => attachment && attachmentState(attachment, now),
    "attachment.delete-on-termination": ({ id, attachment }) =>
      attachment && deletesOnTermination(context, id, attachment),
    "availability-zone": ({ availabilityZone }) => availabilityZone,
    encrypted: ({ encrypted }) => encrypted,
    size: ({ sizeGiB }) => sizeGiB,
    "snapshot-id": ({ snapshotId }) => snapshotId,
    status: (volume) => stateOf(volume, now),
    "volume-type": ({ volumeType }) => volumeType,
  };
}

const describe = handler((context, input: DescribeVolumesRequest): DescribeVolumesResult => {
  const { items, token } = select(context, input, {
    kind: "volume",
    table: context.region.volumes,
    ids: input.VolumeIds,
    filters: filtersFor(context),
  });
  return { Volumes: items.map((volume) => describeVolume(context, volume)), NextToken: token };
});

/** gp2 where no type is named: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html */
const create = handler((context, input: CreateVolumeRequest): SdkVolume => {
  const zone = input.AvailabilityZone;
  if (zone === undefined) throw missingParameter("AvailabilityZone");
  if (!["a", "b", "c"].some((letter) => zone === `${context.region.name}${letter}`))
    throw ec2Error("InvalidZone.NotFound", `The zone '${zone}' does not exist.`);
  const snapshot = input.SnapshotId === undefined ? null : visibleSnapshot(context, context.region, input.SnapshotId);
  if (snapshot) requireCompleted(context, snapshot);
  const sizeGiB = input.Size ?? snapshot?.sizeGiB;
  if (sizeGiB === undefined) throw missingParameter("Size or SnapshotId");
  if (snapshot && sizeGiB < snapshot.sizeGiB)
    throw invalidValue(sizeGiB, "size", `It must be at least the snapshot's ${snapshot.sizeGiB} GiB.`);
  const tags = specifiedTags(input.TagSpecifications, "volume");
  const kmsKeyId = input.KmsKeyId ?? snapshot?.kmsKeyId ?? null;
  const make = (): string =>
    createVolume(context, {
      availabilityZone: zone,
      sizeGiB,
      volumeType: input.VolumeType ?? "gp2",
      encrypted: (input.Encrypted ?? false) || (snapshot?.encrypted ?? false),
      ...(kmsKeyId === null ? {} : { kmsKeyId }),
      ...(snapshot === null ? {} : { snapshotId: snapshot.id }),
      tags,
      createdInMs: CREATING_MS,
    }).id;
  const made = context.region.volumes.get(onceFor(context, input.ClientToken, make));
  return made ? describeVolume(context, made) : {};
});

const remove = handler((context, input: DeleteVolumeRequest) => {
  const volume = existing(context.world, context.region.volumes, { kind: "volume", id: input.VolumeId });
  if (volume.attachment)
    throw ec2Error("VolumeInUse", `Volume ${volume.id} is currently attached to ${volume.attachment.instanceId}`);
  context.world.remove(context.region.volumes, volume.id);
  return {};
});

/** Volumes are made of completed snapshots only: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html */
export function requireCompleted({ world }: Pick<Context, "world">, snapshot: Snapshot): void {
  const state = snapshotState(snapshot, world.now());
  if (state !== "completed") throw ec2Error("IncorrectState", `Snapshot is in invalid state - ${state}`);
}

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/volume_limits.html */
function requireRoom(context: Context, instance: Instance): void {
  const { attachments, instanceStorage } = instanceTypeOf(instance.instanceType);
  const others = attachments.kind === "dedicated" ? 0 : interfacesOf(context, instance).length;
  const disks = attachments.kind === "dedicated" ? 0 : (instanceStorage?.count ?? 0);
  if (instance.blockDevices.length + others + disks >= attachments.maximum)
    throw ec2Error(
      "AttachmentLimitExceeded",
      `The maximum number of attachments to '${instance.id}' has been reached: ${attachments.maximum}.`,
    );
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AttachVolume.html */
const attach = handler((context, input: AttachVolumeRequest): SdkAttachment => {
  const { world, region } = context;
  const volume = existing(world, region.volumes, { kind: "volume", id: input.VolumeId });
  const instance = existing(world, region.instances, { kind: "instance", id: input.InstanceId });
  const deviceName = input.Device;
  if (deviceName === undefined) throw missingParameter("device");
  if (volume.attachment) throw ec2Error("VolumeInUse", `${volume.id} is already attached to an instance`);
  if (stateOf(volume, world.now()) !== "available") throw notAvailable(volume, world.now());
  if (volume.availabilityZone !== instance.availabilityZone)
    throw ec2Error("InvalidVolume.ZoneMismatch", `The volume '${volume.id}' is not in the same zone as the instance`);
  requireState(instance);
  if (instance.blockDevices.some((device) => device.deviceName === deviceName))
    throw invalidValue(deviceName, "unixDevice", `Attachment point ${deviceName} is already in use`);
  requireRoom(context, instance);
  attachVolume(context, volume, instance, { deviceName, deleteOnTermination: false, withinMs: ATTACHING_MS });
  return volume.attachment ? describeAttachment(context, volume.id, volume.attachment) : {};
});

/** The root of a running instance stays: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-detaching-volume.html */
const detach = handler((context, input: DetachVolumeRequest): SdkAttachment => {
  const { world, region } = context;
  const volume = existing(world, region.volumes, { kind: "volume", id: input.VolumeId });
  const { attachment } = volume;
  if (!attachment) throw notAvailable(volume, world.now());
  if (input.InstanceId !== undefined && input.InstanceId !== attachment.instanceId)
    throw ec2Error("InvalidAttachment.NotFound", `The volume '${volume.id}' is not attached to '${input.InstanceId}'`);
  const instance = region.instances.get(attachment.instanceId);
  if (!instance) throw notFound("instance", attachment.instanceId);
  if (instance.rootDeviceName === attachment.deviceName && instance.state !== "stopped")
    throw ec2Error(
      "OperationNotPermitted",
      `Unable to detach root volume '${volume.id}' from instance '${instance.id}'`,
    );
  world.change(volume, () => {
    attachment.isDetaching = true;
    attachment.settlesAt = world.now() + DETACHING_MS;
  });
  return describeAttachment(context, volume.id, attachment);
});

function notAvailable(volume: Volume, now: number): Error {
  return ec2Error("IncorrectState", `Volume '${volume.id}' is in the '${stateOf(volume, now)}' state.`);
}

function requireState({ id, state }: Instance): void {
  if (state !== "running" && state !== "stopped")
    throw ec2Error("IncorrectState", `Instance '${id}' is not 'running' or 'stopped'.`);
}

export const volumeHandlers = {
  DescribeVolumes: describe,
  CreateVolume: create,
  DeleteVolume: remove,
  AttachVolume: attach,
  DetachVolume: detach,
};
