import type {
  BlockDeviceMapping,
  InstanceNetworkInterfaceSpecification,
  Reservation,
  RunInstancesRequest,
  TagSpecification,
} from "@aws-sdk/client-ec2";
import { launchInstance } from "../../world/build-instances.ts";
import type { VolumeOptions } from "../../world/build-storage.ts";
import { instanceTypeOf, INSTANCE_TYPES } from "../../world/instance-types.ts";
import type { MetadataOptions, Subnet, Tag } from "../../world/model.ts";
import { interfacesOf } from "../../world/place.ts";
import { imageState, type Image, type Snapshot } from "../../world/storage-model.ts";
import { handler, type Context } from "../handler.ts";
import { onceFor } from "./client-tokens.ts";
import { ec2Error, existing, invalidValue, missingParameter } from "./errors.ts";
import { visibleImage } from "./images.ts";
import { describeInstance } from "./instances.ts";
import { checkGroups } from "./interfaces.ts";
import { requireKeyPair } from "./key-pairs.ts";
import { profileOf } from "./profiles.ts";
import { everySnapshot, visibleSnapshot } from "./snapshot-access.ts";
import { specifiedTags } from "./tags.ts";
import { requireCompleted } from "./volumes.ts";

/** Where the range knows less than AWS, it says so instead of leaving it out. */
const UNKNOWN = [
  "CapacityReservationSpecification",
  "HibernationOptions",
  "InstanceMarketOptions",
  "Ipv6AddressCount",
  "Ipv6Addresses",
  "LaunchTemplate",
  "LicenseSpecifications",
  "Placement",
  "SecurityGroups",
] as const;

const TAGGED = ["instance", "volume", "network-interface"] as const;

/**
 * Launches instances: `pending` at once, `running` a while later, and not shown to every reader in between.
 *
 * All of them or none, and under one client token once.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
 */
const run = handler((context, input: RunInstancesRequest): Reservation => {
  const { MinCount: least, MaxCount: most } = input;
  if (least === undefined) throw missingParameter("MinCount");
  if (most === undefined) throw missingParameter("MaxCount");
  if (least < 1 || most < least) throw invalidValue(least, "minCount", "It must be between 1 and MaxCount.");
  const ids = onceFor(context, input.ClientToken, () => {
    const plan = planOf(context, input);
    return Array.from({ length: most }, () => launchInstance(context, plan()).instance.id).join(" ");
  }).split(" ");
  const launched = ids.flatMap((id) => context.region.instances.get(id) ?? []);
  return {
    ReservationId: `r-${(ids[0] ?? "").slice(2)}`,
    OwnerId: context.account.id,
    Groups: [],
    Instances: launched.map((instance) => describeInstance(context, instance, interfacesOf(context, instance))),
  };
});

type LaunchOptions = Parameters<typeof launchInstance>[1];

/** Every check comes before the first instance. What it gives back draws an address for each instance of its own. */
function planOf(context: Context, input: RunInstancesRequest): () => LaunchOptions {
  for (const name of UNKNOWN)
    if (input[name] !== undefined) throw ec2Error("UnsupportedOperation", `The range does not know ${name}.`);
  const image = availableImage(context, input.ImageId);
  const instanceType = typeFor(input.InstanceType ?? "m1.small", image);
  const network = networkOf(context, input);
  if (input.KeyName !== undefined) requireKeyPair(context, input.KeyName);
  const tagsOf = tagsByType(input.TagSpecifications);
  const { root, data } = volumesOf(context, {
    image,
    mappings: input.BlockDeviceMappings ?? [],
    subnet: network.subnet,
  });
  const profile = input.IamInstanceProfile ? { profile: profileOf(context, input.IamInstanceProfile) } : {};
  const volumeTags = (): { tags: Tag[] } => ({ tags: tagsOf("volume") });
  return () => ({
    subnetId: network.subnet.id,
    groupIds: network.groupIds,
    instanceType,
    imageId: image.id,
    ...(network.privateIp === undefined ? {} : { privateIp: network.privateIp }),
    ...(network.hasPublicAddress ? { publicIp: `203.0.113.${1 + Math.floor(context.world.random() * 254)}` } : {}),
    ...(input.KeyName === undefined ? {} : { keyName: input.KeyName }),
    ...profile,
    metadataOptions: metadataOf(input),
    disableApiTermination: input.DisableApiTermination ?? false,
    disableApiStop: input.DisableApiStop ?? false,
    shutdownBehavior: input.InstanceInitiatedShutdownBehavior ?? "stop",
    rootDeviceName: image.rootDeviceName,
    rootVolume: { ...root, ...volumeTags() },
    dataVolumes: data.map((each) => ({ ...each, ...volumeTags() })),
    ...(input.UserData === undefined ? {} : { userData: input.UserData }),
    ...(image.platform === null ? {} : { platform: image.platform }),
    tags: tagsOf("instance"),
    interfaceTags: tagsOf("network-interface"),
    state: "pending",
    ...(input.ClientToken === undefined ? {} : { clientToken: input.ClientToken }),
  });
}

function availableImage(context: Context, id: string | undefined): Image {
  if (id === undefined) throw missingParameter("ImageId");
  const image = visibleImage(context, id);
  if (imageState(image, context.world.now()) !== "available")
    throw ec2Error("InvalidAMIID.Unavailable", `The image ID '${id}' is not available.`);
  return image;
}

function typeFor(name: string, { architecture }: Image): string {
  if (!INSTANCE_TYPES.has(name)) throw invalidValue(name, "instanceType", "There is no such instance type.");
  const type = instanceTypeOf(name);
  if (type.architecture !== architecture)
    throw ec2Error(
      "InvalidParameterValue",
      `The architecture '${type.architecture}' of the specified instance type does not match the architecture '${architecture}' of the specified AMI.`,
    );
  return name;
}

interface LaunchNetwork {
  readonly subnet: Subnet;
  readonly groupIds: readonly string[];
  readonly privateIp: string | undefined;
  readonly hasPublicAddress: boolean;
}

/** Either for the instance or for its interface, never both. */
function networkOf(context: Context, input: RunInstancesRequest): LaunchNetwork {
  const [network, ...more] = input.NetworkInterfaces ?? [];
  if (more.length > 0) throw ec2Error("UnsupportedOperation", "The range launches with one network interface.");
  if (network !== undefined && (input.SubnetId !== undefined || (input.SecurityGroupIds ?? []).length > 0))
    throw ec2Error(
      "InvalidParameterCombination",
      "Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request",
    );
  if (network !== undefined && (network.NetworkInterfaceId !== undefined || network.DeviceIndex !== 0))
    throw ec2Error("UnsupportedOperation", "The range launches with a new interface at device index 0.");
  const wanted: Pick<
    InstanceNetworkInterfaceSpecification,
    "SubnetId" | "Groups" | "PrivateIpAddress" | "AssociatePublicIpAddress"
  > = network ?? {
    SubnetId: input.SubnetId,
    Groups: input.SecurityGroupIds,
    PrivateIpAddress: input.PrivateIpAddress,
  };
  if (wanted.SubnetId === undefined)
    throw ec2Error("MissingInput", "No subnets found for the default VPC. Please specify a subnet.");
  const subnet = existing(context.world, context.region.subnets, { kind: "subnet", id: wanted.SubnetId });
  const groupIds = wanted.Groups ?? defaultGroupOf(context, subnet);
  checkGroups(context, { groupIds, vpcId: subnet.vpcId });
  requireFree(context, subnet, { count: input.MaxCount ?? 1, privateIp: wanted.PrivateIpAddress });
  const hasPublicAddress = wanted.AssociatePublicIpAddress ?? subnet.mapPublicIpOnLaunch;
  return { subnet, groupIds, privateIp: wanted.PrivateIpAddress, hasPublicAddress };
}

function defaultGroupOf({ region }: Context, { vpcId }: Subnet): readonly string[] {
  const group = [...region.securityGroups.values()].find((each) => each.vpcId === vpcId && each.name === "default");
  return group === undefined ? [] : [group.id];
}

/** AWS keeps the first four addresses of a subnet and the last one. */
function requireFree(
  { region }: Context,
  subnet: Subnet,
  { count, privateIp }: { readonly count: number; readonly privateIp: string | undefined },
): void {
  const taken = [...region.interfaces.values()]
    .filter(({ subnetId }) => subnetId === subnet.id)
    .flatMap(({ privateIps }) => privateIps);
  if (privateIp !== undefined && taken.includes(privateIp))
    throw ec2Error("InvalidIPAddress.InUse", `Address ${privateIp} is in use.`);
  const size = 2 ** (32 - Number(subnet.cidr.split("/")[1]));
  if (taken.length + count > size - 5)
    throw ec2Error(
      "InsufficientFreeAddressesInSubnet",
      `The specified subnet does not have enough free addresses to satisfy the request.`,
    );
}

interface Disks {
  readonly root: Partial<VolumeOptions>;
  readonly data: readonly Partial<VolumeOptions>[];
}

/** What the image says, and over it what the call says of the same device. */
function volumesOf(
  context: Context,
  {
    image,
    mappings,
    subnet,
  }: { readonly image: Image; readonly mappings: readonly BlockDeviceMapping[]; readonly subnet: Subnet },
): Disks {
  const given = new Map(mappings.map((mapping) => [mapping.DeviceName ?? "", mapping]));
  if (given.has("")) throw missingParameter("BlockDeviceMapping.DeviceName");
  // Whoever may launch an image may use its snapshots, which he need not see.
  const shown = everySnapshot(context, context.region.name);
  const ofImage = image.devices.map((device) =>
    diskOf(shown.find(({ id }) => id === device.snapshotId) ?? null, subnet, {
      DeviceName: device.deviceName,
      Ebs: {
        VolumeSize: device.sizeGiB,
        Encrypted: device.encrypted,
        VolumeType: device.volumeType as "gp3",
        DeleteOnTermination: device.deleteOnTermination,
        ...withoutAbsent(given.get(device.deviceName)?.Ebs ?? {}),
      },
    }),
  );
  const known = new Set(image.devices.map(({ deviceName }) => deviceName));
  const added = mappings.filter(({ DeviceName = "" }) => !known.has(DeviceName));
  const named = added.map((mapping) => diskOf(snapshotOf(context, mapping), subnet, mapping));
  const all = [...ofImage, ...named];
  return {
    root: all.find(({ deviceName }) => deviceName === image.rootDeviceName) ?? {},
    data: all.filter(({ deviceName }) => deviceName !== image.rootDeviceName),
  };
}

function snapshotOf(context: Context, { Ebs }: BlockDeviceMapping): Snapshot | null {
  if (Ebs?.SnapshotId === undefined) return null;
  const snapshot = visibleSnapshot(context, context.region, Ebs.SnapshotId);
  requireCompleted(context, snapshot);
  return snapshot;
}

function diskOf(
  snapshot: Snapshot | null,
  { availabilityZone }: Subnet,
  { DeviceName: deviceName = "", Ebs = {} }: BlockDeviceMapping,
): VolumeOptions {
  const sizeGiB = Ebs.VolumeSize ?? snapshot?.sizeGiB;
  if (sizeGiB === undefined) throw ec2Error("MissingParameter", `The device ${deviceName} has no size and no snapshot`);
  if (snapshot && sizeGiB < snapshot.sizeGiB)
    throw ec2Error(
      "InvalidBlockDeviceMapping",
      `Volume of size ${sizeGiB}GB is smaller than snapshot '${snapshot.id}', expect size>= ${snapshot.sizeGiB}GB`,
    );
  if (snapshot?.encrypted === true && Ebs.Encrypted === false)
    throw ec2Error("InvalidParameter", "What lies encrypted in a snapshot stays encrypted in its volume.");
  const kmsKeyId = Ebs.KmsKeyId ?? snapshot?.kmsKeyId ?? null;
  return {
    availabilityZone,
    deviceName,
    sizeGiB,
    volumeType: Ebs.VolumeType ?? "gp2",
    encrypted: (Ebs.Encrypted ?? false) || (snapshot?.encrypted ?? false),
    ...(kmsKeyId === null ? {} : { kmsKeyId }),
    ...(snapshot === null ? {} : { snapshotId: snapshot.id }),
    deleteOnTermination: Ebs.DeleteOnTermination ?? true,
  };
}

function withoutAbsent<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Partial<T>;
}

function metadataOf({ MetadataOptions: given }: RunInstancesRequest): Partial<MetadataOptions> {
  return withoutAbsent({
    httpEndpoint: given?.HttpEndpoint,
    httpTokens: given?.HttpTokens,
    httpPutResponseHopLimit: given?.HttpPutResponseHopLimit,
    httpProtocolIpv6: given?.HttpProtocolIpv6,
    instanceMetadataTags: given?.InstanceMetadataTags,
  }) as Partial<MetadataOptions>;
}

function tagsByType(specifications: readonly TagSpecification[] = []): (type: (typeof TAGGED)[number]) => Tag[] {
  const stranger = specifications.find(({ ResourceType }) => !TAGGED.some((type) => type === ResourceType));
  if (stranger)
    throw invalidValue(stranger.ResourceType, "resourceType", `Only ${TAGGED.join(", ")} can be tagged here.`);
  return (type) => {
    const own = specifications.filter(({ ResourceType }) => ResourceType === type);
    return specifiedTags(own, type);
  };
}

export const launchHandlers = { RunInstances: run };
