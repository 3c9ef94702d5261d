import { attachInterface, createInterface } from "./build-interfaces.ts";
import { createVolume, type VolumeOptions } from "./build-storage.ts";
import type {
  Instance,
  MetadataOptions,
  NetworkInterface,
  Operator,
  ProfileAssociation,
  SsmSession,
  Tag,
} from "./model.ts";
import type { InstanceProfile } from "./identity.ts";
import { newAgent, type SsmManagedInstance } from "./ssm-model.ts";
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
  /** 8 GiB gp3, not encrypted, deleted with the instance, where left out. */
  readonly rootVolume?: Partial<VolumeOptions>;
  /** Volumes beside the root, kept when the instance ends unless they say otherwise. */
  readonly dataVolumes?: readonly Partial<VolumeOptions>[];
  readonly userData?: string;
  readonly platform?: "windows";
  readonly operator?: Operator;
  readonly tags?: Tag[];
  readonly interfaceTags?: Tag[];
  /** `/dev/xvda` where left out. */
  readonly rootDeviceName?: string;
  /** What the call that launches it was made idempotent with. */
  readonly clientToken?: string;
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
  const primary = createInterface(place, { ...options, tags: options.interfaceTags ?? [] });
  const state = options.state ?? "running";
  const launchTime = options.launchedAt ?? world.now();
  const rootDeviceName = options.rootDeviceName ?? "/dev/xvda";
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
    rootDeviceName,
    blockDevices: [],
    userData: options.userData ?? null,
    platform: options.platform ?? null,
    operator: options.operator ?? null,
    consoleText: null,
    reboots: 0,
    ...(options.clientToken === undefined ? {} : { clientToken: options.clientToken }),
  };
  world.add(region.instances, instance);
  attachInterface(place, primary, instance, { deviceIndex: 0, deleteOnTermination: true, attachedAt: launchTime });
  if (instance.rootDeviceType === "ebs")
    createVolume(place, {
      availabilityZone: instance.availabilityZone,
      attachTo: instance,
      deviceName: rootDeviceName,
      deleteOnTermination: true,
      ...options.rootVolume,
    });
  for (const [index, each] of (options.dataVolumes ?? []).entries())
    createVolume(place, {
      availabilityZone: instance.availabilityZone,
      attachTo: instance,
      deviceName: `/dev/sd${"fghijklmnop".charAt(index)}`,
      ...each,
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
  transition: null,
};

/** An association of an instance profile, in force at once. */
export function newProfileAssociation({ world }: Place, profile: InstanceProfile): ProfileAssociation {
  return { id: world.newId("iip-assoc"), profileId: profile.id, profileArn: profile.arn, state: "associated" };
}

export type AgentOptions = Omit<Parameters<typeof newAgent>[1], "now">;

/**
 * Puts an agent of Systems Manager on an instance. It has been connected for long, unless `isConnected` says that it never
 * was: then Systems Manager does not know the instance until the agent has credentials and a way to it.
 */
export function registerWithSsm(
  { world, region }: Place,
  instance: Pick<Instance, "id" | "platform">,
  options: AgentOptions = {},
): SsmManagedInstance {
  const now = world.now();
  const isConnected = options.isConnected ?? true;
  return world.add<SsmManagedInstance>(region.ssmInstances, {
    id: instance.id,
    tags: [],
    registeredAt: isConnected ? now : null,
    pingStatus: isConnected ? "Online" : "ConnectionLost",
    agentVersion: "3.3.2299.0",
    platformType: instance.platform === "windows" ? "Windows" : "Linux",
    agent: newAgent(instance.id, { ...options, now }),
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
