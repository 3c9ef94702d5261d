import type {
  BlockDeviceMapping,
  CreateImageRequest,
  CreateImageResult,
  DeregisterImageRequest,
  DeregisterImageResult,
  DescribeImagesRequest,
  DescribeImagesResult,
  Image as SdkImage,
  ModifyImageAttributeRequest,
  RegisterImageRequest,
  RegisterImageResult,
  TagSpecification,
} from "@aws-sdk/client-ec2";
import { awsManagedEbsKey, startSnapshot } from "../../world/build-storage.ts";
import { instanceTypeOf } from "../../world/instance-types.ts";
import type { Instance, Tag, Volume } from "../../world/model.ts";
import { imageState, snapshotState, type Image, type ImageDevice, type Snapshot } from "../../world/storage-model.ts";
import { handler, type Context } from "../handler.ts";
import { ec2Error, existing, invalidValue, missingParameter, notFound } from "./errors.ts";
import { filterBy, paged, type Filters } from "./selection.ts";
import { visibleSnapshot } from "./snapshot-access.ts";
import { checkSnapshotLimits } from "./snapshots.ts";
import { fromTags, specifiedTags } from "./tags.ts";

function describeImage({ world, account }: Context, image: Image): SdkImage {
  const state = imageState(image, world.now());
  return {
    ImageId: image.id,
    ImageLocation: `${image.ownerId}/${image.name}`,
    Name: image.name,
    Description: image.description,
    OwnerId: image.ownerId,
    State: state,
    StateReason: state === "failed" ? { Code: "Client.Failure", Message: image.failure ?? "" } : undefined,
    CreationDate: new Date(image.createdAt).toISOString(),
    Public: image.launchableBy.includes("all"),
    Architecture: image.architecture as "x86_64",
    ImageType: "machine",
    Platform: image.platform === "windows" ? "Windows" : undefined,
    PlatformDetails: image.platform === "windows" ? "Windows" : "Linux/UNIX",
    UsageOperation: image.platform === "windows" ? "RunInstances:0002" : "RunInstances",
    VirtualizationType: "hvm",
    Hypervisor: "xen",
    EnaSupport: true,
    RootDeviceType: "ebs",
    RootDeviceName: image.rootDeviceName,
    BlockDeviceMappings: image.devices.map(describeDevice),
    SourceInstanceId: image.sourceInstanceId ?? undefined,
    Tags: image.ownerId === account.id ? fromTags(image.tags) : [],
  };
}

function describeDevice(device: ImageDevice): BlockDeviceMapping {
  return {
    DeviceName: device.deviceName,
    Ebs: {
      SnapshotId: device.snapshotId ?? undefined,
      VolumeSize: device.sizeGiB,
      VolumeType: device.volumeType as "gp3",
      Encrypted: device.encrypted,
      DeleteOnTermination: device.deleteOnTermination,
    },
  };
}

function filtersFor({ world }: Context): Filters<Image> {
  return {
    "image-id": ({ id }) => id,
    name: ({ name }) => name,
    description: ({ description }) => description,
    state: (image) => imageState(image, world.now()),
    "owner-id": ({ ownerId }) => ownerId,
    "is-public": ({ launchableBy }) => launchableBy.includes("all"),
    architecture: ({ architecture }) => architecture,
    "root-device-name": ({ rootDeviceName }) => rootDeviceName,
    "root-device-type": () => "ebs",
    "block-device-mapping.snapshot-id": ({ devices }) => devices.map(({ snapshotId }) => snapshotId),
    "source-instance-id": ({ sourceInstanceId }) => sourceInstanceId,
  };
}

/** The account's own images, those that others let it launch, and those that everybody may. */
function visibleImages({ world, account, region }: Context): Image[] {
  const all = [...world.accounts.values()].flatMap(({ regions }) => {
    const place = regions.get(region.name);
    return place ? world.list(place.images) : [];
  });
  return all.filter(
    ({ ownerId, launchableBy }) =>
      ownerId === account.id || launchableBy.includes(account.id) || launchableBy.includes("all"),
  );
}

/** An image that the caller may launch; to anybody else it does not exist. */
export function visibleImage(context: Context, id: string): Image {
  const image = visibleImages(context).find((each) => each.id === id);
  if (!image) throw notFound("image", id);
  return image;
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html */
const describe = handler((context, input: DescribeImagesRequest): DescribeImagesResult => {
  const { account } = context;
  const visible = visibleImages(context);
  const { ImageIds: ids = [], Owners: owners = [] } = input;
  for (const id of ids) if (!visible.some((image) => image.id === id)) throw notFound("image", id);
  const named = visible
    .filter(({ id }) => ids.length === 0 || ids.includes(id))
    .filter(({ ownerId }) => owners.length === 0 || owners.includes(ownerId === account.id ? "self" : ownerId));
  const { items, token } = paged(context, filterBy(named, input.Filters, filtersFor(context)), {
    input,
    range: [1, 1000],
  });
  return { Images: items.map((image) => describeImage(context, image)), NextToken: token };
});

function checkedName({ region }: Context, name: string | undefined): string {
  if (name === undefined) throw missingParameter("Name");
  if (!/^[\w()[\] ./\-'@]{3,128}$/.test(name))
    throw ec2Error("InvalidAMIName.Malformed", "AMI names must be between 3 and 128 characters long");
  const known = [...region.images.values()].find((image) => image.name === name);
  if (known) throw ec2Error("InvalidAMIName.Duplicate", `AMI name ${name} is already in use by AMI ${known.id}`);
  return name;
}

/** Tags for the image and for its snapshots come in one list: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html */
function tagsFor(specifications: readonly TagSpecification[] | undefined, type: "image" | "snapshot"): Tag[] {
  const stranger = specifications?.find(({ ResourceType: given }) => given !== "image" && given !== "snapshot");
  if (stranger)
    throw invalidValue(stranger.ResourceType, "resourceType", "Only image and snapshot can be tagged here.");
  return specifiedTags(
    specifications?.filter(({ ResourceType: given }) => given === type),
    type,
  );
}

/** Reboots the instance unless told not to: its memory is then lost. */
const create = handler((context, input: CreateImageRequest): CreateImageResult => {
  const { world, region } = context;
  const instance = existing(world, region.instances, { kind: "instance", id: input.InstanceId });
  const name = checkedName(context, input.Name);
  if (instance.state !== "running" && instance.state !== "stopped")
    throw ec2Error("IncorrectState", `Instance '${instance.id}' is not 'running' or 'stopped'.`);
  if (instance.rootDeviceType !== "ebs") throw invalidValue(instance.id, "instanceId", "It has no EBS root volume.");
  const [imageTags, snapshotTags] = [
    tagsFor(input.TagSpecifications, "image"),
    tagsFor(input.TagSpecifications, "snapshot"),
  ];
  const volumes = instance.blockDevices.flatMap(({ volumeId }) => region.volumes.get(volumeId) ?? []);
  checkSnapshotLimits(context, volumes);
  if (input.NoReboot !== true && instance.state === "running") world.change(instance, () => (instance.reboots += 1));
  const id = world.newId("ami");
  const snapshots = volumes.map((volume) =>
    startSnapshot(context, volume, {
      description: `Created by CreateImage(${instance.id}) for ${id}`,
      tags: snapshotTags.map((tag) => ({ ...tag })),
    }),
  );
  addImage(
    context,
    { id, name, tags: imageTags, instance, snapshots, devices: devicesOf(instance, volumes, snapshots) },
    input.Description,
  );
  return { ImageId: id };
});

function devicesOf(
  { blockDevices }: Instance,
  volumes: readonly Volume[],
  snapshots: readonly Snapshot[],
): ImageDevice[] {
  return blockDevices.flatMap(({ deviceName, volumeId, deleteOnTermination }) => {
    const volume = volumes.find(({ id }) => id === volumeId);
    if (!volume) return [];
    const snapshotId = snapshots.find((snapshot) => snapshot.volumeId === volumeId)?.id ?? null;
    const { sizeGiB, volumeType, encrypted } = volume;
    return [{ deviceName, snapshotId, sizeGiB, volumeType, encrypted, deleteOnTermination }];
  });
}

function addImage(
  { world, region, account }: Context,
  made: {
    readonly id: string;
    readonly name: string;
    readonly tags: Tag[];
    readonly instance: Instance;
    readonly snapshots: readonly Snapshot[];
    readonly devices: readonly ImageDevice[];
  },
  description = "",
): void {
  const { id, name, tags, instance, snapshots, devices } = made;
  world.add<Image>(region.images, {
    id,
    name,
    tags,
    description,
    ownerId: account.id,
    createdAt: world.now(),
    availableAt: Math.max(world.now(), ...snapshots.map(({ completesAt }) => completesAt)),
    failure: snapshots.find(({ failure }) => failure !== null)?.failure ?? null,
    architecture: instanceTypeOf(instance.instanceType).architecture,
    platform: instance.platform,
    rootDeviceName: instance.rootDeviceName,
    devices,
    sourceInstanceId: instance.id,
    launchableBy: [],
  });
}

/** From snapshots that are completed: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RegisterImage.html */
const register = handler((context, input: RegisterImageRequest): RegisterImageResult => {
  const { world, region, account } = context;
  const name = checkedName(context, input.Name);
  const rootDeviceName = input.RootDeviceName;
  if (rootDeviceName === undefined) throw missingParameter("RootDeviceName");
  const devices = (input.BlockDeviceMappings ?? []).map((mapping) => registeredDevice(context, mapping));
  if (!devices.some(({ deviceName, snapshotId }) => deviceName === rootDeviceName && snapshotId !== null))
    throw ec2Error("InvalidBlockDeviceMapping", "The root device is not mapped to a snapshot");
  const image = world.add<Image>(region.images, {
    id: world.newId("ami"),
    name,
    tags: specifiedTags(input.TagSpecifications, "image"),
    description: input.Description ?? "",
    ownerId: account.id,
    createdAt: world.now(),
    availableAt: world.now(),
    failure: null,
    architecture: input.Architecture ?? "i386",
    platform: null,
    rootDeviceName,
    devices,
    sourceInstanceId: null,
    launchableBy: [],
  });
  return { ImageId: image.id };
});

function registeredDevice(context: Context, { DeviceName = "", Ebs }: BlockDeviceMapping): ImageDevice {
  const snapshot = Ebs?.SnapshotId === undefined ? null : visibleSnapshot(context, context.region, Ebs.SnapshotId);
  if (snapshot && snapshotState(snapshot, context.world.now()) !== "completed")
    throw ec2Error("IncorrectState", `The snapshot '${snapshot.id}' is not completed.`);
  return {
    deviceName: DeviceName,
    snapshotId: snapshot?.id ?? null,
    sizeGiB: Ebs?.VolumeSize ?? snapshot?.sizeGiB ?? 8,
    volumeType: Ebs?.VolumeType ?? "gp2",
    encrypted: snapshot?.encrypted ?? Ebs?.Encrypted ?? false,
    deleteOnTermination: Ebs?.DeleteOnTermination ?? true,
  };
}

function ownImage({ world, region }: Context, id: string | undefined): Image {
  return existing(world, region.images, { kind: "image", id });
}

/** Its snapshots stay: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeregisterImage.html */
const deregister = handler((context, input: DeregisterImageRequest): DeregisterImageResult => {
  context.world.remove(context.region.images, ownImage(context, input.ImageId).id);
  return { Return: true };
});

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyImageAttribute.html */
const modify = handler((context, input: ModifyImageAttributeRequest) => {
  const image = ownImage(context, input.ImageId);
  const names = (list: readonly { UserId?: string | undefined; Group?: string | undefined }[] | undefined) =>
    (list ?? []).flatMap(({ UserId, Group }) => UserId ?? Group ?? []);
  const listed = [...(input.UserIds ?? []), ...(input.UserGroups ?? [])];
  const added = [...names(input.LaunchPermission?.Add), ...(input.OperationType === "add" ? listed : [])];
  const removed = [...names(input.LaunchPermission?.Remove), ...(input.OperationType === "remove" ? listed : [])];
  const managed = awsManagedEbsKey(context);
  const isUnderManagedKey = image.devices.some(
    ({ snapshotId }) => snapshotId !== null && context.region.snapshots.get(snapshotId)?.kmsKeyId === managed,
  );
  if (added.length > 0 && isUnderManagedKey)
    throw ec2Error(
      "InvalidParameter",
      "Snapshots encrypted with the AWS Managed CMK can't be shared. Specify another snapshot.",
    );
  context.world.change(image, () => {
    image.launchableBy = [...new Set([...image.launchableBy.filter((user) => !removed.includes(user)), ...added])];
    image.description = input.Description?.Value ?? image.description;
  });
  return {};
});

export const imageHandlers = {
  DescribeImages: describe,
  CreateImage: create,
  RegisterImage: register,
  DeregisterImage: deregister,
  ModifyImageAttribute: modify,
};
