import { attachInterface, createInterface } from "./build-interfaces.ts";
import type {
  BlockDevice,
  Instance,
  MetadataOptions,
  NetworkInterface,
  Operator,
  ProfileAssociation,
  SsmManagedInstance,
  SsmSession,
  Tag,
  Volume,
} from "./model.ts";
import type { InstanceProfile } from "./identity.ts";
import type { Place } from "./world.ts";

export interface LaunchOptions {
  readonly subnetId: string;
  readonly groupIds: readonly string[];
  readonly instanceType?: string;
  readonly imageId?: string;
  readonly privateIp?: string;
  readonly ipv6Addresses?: readonly string[];
  readonly publicIp?: string;
  readonly keyName?: string;
  readonly profile?: InstanceProfile;
  readonly metadataOptions?: Partial<MetadataOptions>;
  readonly spot?: "one-time" | "persistent";
  readonly autoScalingGroupName?: string;
  readonly disableApiTermination?: boolean;
  readonly disableApiStop?: boolean;
  readonly shutdownBehavior?: "stop" | "terminate";
  readonly rootDeviceType?: "ebs" | "instance-store";
  readonly userData?: string;
  readonly platform?: "windows";
  readonly operator?: Operator;
  readonly tags?: Tag[];
  /** RunInstances answers `pending`; scenarios start with instances that have been `running` for long. */
  readonly state?: "pending" | "running";
  readonly launchedAt?: number;
}

/** Launches an instance with its primary interface and, on EBS, a root volume. */
export function launchInstance(
  place: Place,
  options: LaunchOptions,
): { readonly instance: Instance; readonly primary: NetworkInterface } {
  const { world, region } = place;
  const primary = createInterface(place, { ...options, tags: [] });
  const state = options.state ?? "running";
  const launchTime = options.launchedAt ?? world.now();
  const instance: Instance = {
    id: world.newId("i"),
    tags: options.tags ?? [],
    state,
    transition: state === "pending" ? { to: "running", at: world.now() + world.transitions.pendingMs } : null,
    stateReason: null,
    instanceType: options.instanceType ?? "m5.large",
    imageId: options.imageId ?? "ami-0c0ffee0000000001",
    availabilityZone: primary.availabilityZone,
    vpcId: primary.vpcId,
    subnetId: primary.subnetId,
    launchTime,
    keyName: options.keyName ?? null,
    profileAssociation: options.profile ? newProfileAssociation(place, options.profile) : null,
    metadataOptions: { ...DEFAULT_METADATA_OPTIONS, ...options.metadataOptions },
    spotRequest: options.spot ? { id: world.newId("sir"), kind: options.spot } : null,
    autoScalingGroupName: options.autoScalingGroupName ?? null,
    disableApiTermination: options.disableApiTermination ?? false,
    disableApiStop: options.disableApiStop ?? false,
    shutdownBehavior: options.shutdownBehavior ?? "stop",
    rootDeviceType: options.rootDeviceType ?? "ebs",
    rootDeviceName: "/dev/xvda",
    blockDevices: [],
    userData: options.userData ?? null,
    platform: options.platform ?? null,
    operator: options.operator ?? null,
  };
  world.add(region.instances, instance);
  attachInterface(place, primary, instance, { deviceIndex: 0, deleteOnTermination: true });
  if (instance.rootDeviceType === "ebs")
    createVolume(place, {
      availabilityZone: instance.availabilityZone,
      attachTo: instance,
      deviceName: "/dev/xvda",
      deleteOnTermination: true,
    });
  return { instance, primary };
}

const DEFAULT_METADATA_OPTIONS: MetadataOptions = {
  state: "applied",
  httpEndpoint: "enabled",
  httpTokens: "required",
  httpPutResponseHopLimit: 2,
  httpProtocolIpv6: "disabled",
  instanceMetadataTags: "disabled",
};

/** An association of an instance profile, in force at once. */
export function newProfileAssociation({ world }: Place, profile: InstanceProfile): ProfileAssociation {
  return { id: world.newId("iip-assoc"), profileId: profile.id, profileArn: profile.arn, state: "associated" };
}

export interface VolumeOptions {
  readonly availabilityZone: string;
  readonly sizeGiB?: number;
  readonly volumeType?: string;
  readonly encrypted?: boolean;
  readonly kmsKeyId?: string;
  readonly snapshotId?: string;
  readonly attachTo?: Instance;
  readonly deviceName?: string;
  readonly deleteOnTermination?: boolean;
  readonly tags?: Tag[];
}

export function createVolume({ world, region }: Place, options: VolumeOptions): Volume {
  const deleteOnTermination = options.deleteOnTermination ?? false;
  const deviceName = options.deviceName ?? "/dev/sdf";
  const { attachTo } = options;
  const volume = world.add<Volume>(region.volumes, {
    id: world.newId("vol"),
    tags: options.tags ?? [],
    sizeGiB: options.sizeGiB ?? 8,
    volumeType: options.volumeType ?? "gp3",
    availabilityZone: options.availabilityZone,
    encrypted: options.encrypted ?? false,
    kmsKeyId: options.kmsKeyId ?? null,
    snapshotId: options.snapshotId ?? null,
    createdAt: world.now(),
    attachment: attachTo ? { instanceId: attachTo.id, deviceName, deleteOnTermination } : null,
  });
  if (attachTo) {
    const device: BlockDevice = { deviceName, volumeId: volume.id, deleteOnTermination, attachTime: world.now() };
    world.change(attachTo, () => attachTo.blockDevices.push(device));
  }
  return volume;
}

/** Registers an instance with Systems Manager. */
export function registerWithSsm(
  { world, region }: Place,
  instance: Pick<Instance, "id" | "platform">,
): SsmManagedInstance {
  return world.add<SsmManagedInstance>(region.ssmInstances, {
    id: instance.id,
    tags: [],
    pingStatus: "Online",
    agentVersion: "3.3.2299.0",
    platformType: instance.platform === "windows" ? "Windows" : "Linux",
  });
}

/** An interactive session on an instance; `owner` is the ARN of who opened it. */
export function startSsmSession(
  { world, region }: Place,
  options: { readonly instanceId: string; readonly owner: string },
): SsmSession {
  const id = `${options.owner.split("/").at(-1) ?? "user"}-${world.newId("x").slice(2)}`;
  return world.add<SsmSession>(region.ssmSessions, {
    id,
    tags: [],
    ...options,
    state: "Connected",
    startedAt: world.now(),
    endedAt: null,
  });
}
