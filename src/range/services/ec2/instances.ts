import type {
  DescribeInstancesRequest,
  DescribeInstancesResult,
  DescribeInstanceStatusRequest,
  DescribeInstanceStatusResult,
  Instance as SdkInstance,
  InstanceNetworkInterface,
  InstanceState as SdkState,
  NetworkInterface as SdkInterface,
} from "@aws-sdk/client-ec2";
import { instanceTypeOf } from "../../world/instance-types.ts";
import type { Instance, InstanceState, NetworkInterface } from "../../world/model.ts";
import { handler, optional, type Context } from "../handler.ts";
import { describeInterface } from "./interfaces.ts";
import { select, type Filters } from "./selection.ts";
import { fromTags } from "./tags.ts";

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceState.html */
const STATE_CODES: Readonly<Record<InstanceState, number>> = {
  pending: 0,
  running: 16,
  "shutting-down": 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

export function describeState(state: InstanceState): SdkState {
  return { Code: STATE_CODES[state], Name: state };
}

/** The interfaces that a read shows attached now: they may be staler than the instance. */
function shownInterfaces({ world, region }: Context, { id }: Instance): NetworkInterface[] {
  return world
    .list(region.interfaces)
    .filter(({ attachment }) => attachment?.instanceId === id)
    .sort((left, right) => (left.attachment?.deviceIndex ?? 0) - (right.attachment?.deviceIndex ?? 0));
}

function filtersFor(context: Context): Filters<Instance> {
  const of =
    (look: (network: NetworkInterface) => string | null | undefined | readonly string[]) => (instance: Instance) =>
      shownInterfaces(context, instance).flatMap((each) => look(each) ?? []);
  return {
    "instance-id": ({ id }) => id,
    "instance-state-name": ({ state }) => state,
    "instance-state-code": ({ state }) => STATE_CODES[state],
    "instance-type": ({ instanceType }) => instanceType,
    "image-id": ({ imageId }) => imageId,
    "availability-zone": ({ availabilityZone }) => availabilityZone,
    "vpc-id": ({ vpcId }) => vpcId,
    "subnet-id": ({ subnetId }) => subnetId,
    "key-name": ({ keyName }) => keyName,
    "client-token": ({ clientToken }) => clientToken,
    "iam-instance-profile.arn": ({ profileAssociation }) => profileAssociation?.profileArn,
    "iam-instance-profile.id": ({ profileAssociation }) => profileAssociation?.profileId,
    "instance-lifecycle": ({ spotRequest }) => (spotRequest ? "spot" : null),
    "spot-instance-request-id": ({ spotRequest }) => spotRequest?.id,
    "root-device-type": ({ rootDeviceType }) => rootDeviceType,
    "block-device-mapping.volume-id": ({ blockDevices }) => blockDevices.map(({ volumeId }) => volumeId),
    "private-ip-address": of(({ privateIps, attachment }) => (attachment?.deviceIndex === 0 ? privateIps[0] : null)),
    "ip-address": of(({ publicAddress }) => publicAddress?.ip),
    "instance.group-id": of(({ groupIds, attachment }) => (attachment?.deviceIndex === 0 ? groupIds : [])),
    "network-interface.network-interface-id": of(({ id }) => id),
    "network-interface.group-id": of(({ groupIds }) => groupIds),
    "network-interface.vpc-id": of(({ vpcId }) => vpcId),
    "network-interface.subnet-id": of(({ subnetId }) => subnetId),
    "network-interface.addresses.private-ip-address": of(({ privateIps }) => privateIps),
    "network-interface.addresses.association.public-ip": of(({ publicAddress }) => publicAddress?.ip),
  };
}

const describe = handler((context, input: DescribeInstancesRequest): DescribeInstancesResult => {
  const { account, region } = context;
  const { items, token } = select(context, input, {
    kind: "instance",
    table: region.instances,
    ids: input.InstanceIds,
    filters: filtersFor(context),
  });
  return {
    Reservations: items.map((instance) => ({
      ReservationId: `r-${instance.id.slice(2)}`,
      OwnerId: account.id,
      Groups: [],
      Instances: [describeInstance(context, instance)],
    })),
    NextToken: token,
  };
});

export function describeInstance(
  context: Context,
  instance: Instance,
  attached: readonly NetworkInterface[] = shownInterfaces(context, instance),
): SdkInstance {
  const interfaces = attached.map((each) => describeInterface(context, each));
  const primary = interfaces[0];
  const type = instanceTypeOf(instance.instanceType);
  return {
    InstanceId: instance.id,
    State: describeState(instance.state),
    StateTransitionReason: instance.stateReason ?? "",
    InstanceType: instance.instanceType as "m5.large",
    ImageId: instance.imageId,
    Architecture: type.architecture,
    Hypervisor: "xen", // Also for Nitro: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Instance.html
    VirtualizationType: "hvm",
    Placement: { AvailabilityZone: instance.availabilityZone, Tenancy: "default" },
    LaunchTime: new Date(instance.launchTime),
    KeyName: optional(instance.keyName),
    Platform: instance.platform === "windows" ? "Windows" : undefined,
    ...networkOf(instance, interfaces, primary),
    SourceDestCheck: primary?.SourceDestCheck,
    IamInstanceProfile: instance.profileAssociation
      ? { Arn: instance.profileAssociation.profileArn, Id: instance.profileAssociation.profileId }
      : undefined,
    ClientToken: instance.clientToken ?? "",
    InstanceLifecycle: instance.spotRequest ? "spot" : undefined,
    SpotInstanceRequestId: instance.spotRequest?.id,
    RootDeviceType: instance.rootDeviceType,
    RootDeviceName: instance.rootDeviceName,
    BlockDeviceMappings: instance.blockDevices.map(({ deviceName, volumeId, deleteOnTermination, attachTime }) => ({
      DeviceName: deviceName,
      Ebs: {
        VolumeId: volumeId,
        DeleteOnTermination: deleteOnTermination,
        AttachTime: new Date(attachTime),
        Status: "attached",
      },
    })),
    MetadataOptions: describeMetadataOptions(instance),
    HibernationOptions: { Configured: false }, // The range launches none that can hibernate.
    Operator: instance.operator
      ? { Managed: instance.operator.managed, Principal: optional(instance.operator.principal) }
      : { Managed: false },
    Tags: fromTags([...instance.tags, ...autoScalingTag(instance)]),
  };
}

/** A terminated instance shows no network at all. */
function networkOf(
  instance: Instance,
  interfaces: ReturnType<typeof describeInterface>[],
  primary: ReturnType<typeof describeInterface> | undefined,
): Partial<SdkInstance> {
  if (instance.state === "terminated") return { NetworkInterfaces: [], SecurityGroups: [] };
  return {
    VpcId: instance.vpcId,
    SubnetId: instance.subnetId,
    PrivateIpAddress: primary?.PrivateIpAddress,
    PublicIpAddress: primary?.Association?.PublicIp,
    SecurityGroups: primary?.Groups,
    NetworkInterfaces: interfaces.map(embedded),
  };
}

/** An interface inside an instance is shown in a smaller shape than on its own. */
function embedded(network: SdkInterface): InstanceNetworkInterface {
  const {
    NetworkInterfaceId,
    InterfaceType,
    Status,
    Description,
    SubnetId,
    VpcId,
    OwnerId,
    MacAddress,
    PrivateIpAddress,
    PrivateDnsName,
    Groups,
    SourceDestCheck,
    Operator,
    Attachment,
  } = network;
  const publicly = (association: SdkInterface["Association"]) =>
    association
      ? { PublicIp: association.PublicIp, CarrierIp: association.CarrierIp, IpOwnerId: association.IpOwnerId }
      : undefined;
  return {
    NetworkInterfaceId,
    InterfaceType,
    Status,
    Description,
    SubnetId,
    VpcId,
    OwnerId,
    MacAddress,
    PrivateIpAddress,
    PrivateDnsName,
    Groups,
    SourceDestCheck,
    Operator,
    Association: publicly(network.Association),
    PrivateIpAddresses: network.PrivateIpAddresses?.map(({ PrivateIpAddress: ip, Primary, Association }) => ({
      PrivateIpAddress: ip,
      Primary,
      Association: publicly(Association),
    })),
    Ipv6Addresses: network.Ipv6Addresses?.map(({ Ipv6Address, IsPrimaryIpv6 }) => ({
      Ipv6Address,
      IsPrimaryIpv6,
    })),
    Ipv4Prefixes: network.Ipv4Prefixes,
    Ipv6Prefixes: network.Ipv6Prefixes,
    ConnectionTrackingConfiguration: network.ConnectionTrackingConfiguration,
    Attachment: Attachment
      ? {
          AttachmentId: Attachment.AttachmentId,
          AttachTime: Attachment.AttachTime,
          DeleteOnTermination: Attachment.DeleteOnTermination,
          DeviceIndex: Attachment.DeviceIndex,
          NetworkCardIndex: Attachment.NetworkCardIndex,
          Status: Attachment.Status,
        }
      : undefined,
  };
}

/** Auto Scaling tags its instances: https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html */
function autoScalingTag({ autoScalingGroupName, tags }: Instance): Instance["tags"] {
  const key = "aws:autoscaling:groupName";
  return autoScalingGroupName === null || tags.some((tag) => tag.key === key)
    ? []
    : [{ key, value: autoScalingGroupName }];
}

export function describeMetadataOptions({ metadataOptions }: Instance): NonNullable<SdkInstance["MetadataOptions"]> {
  return {
    State: metadataOptions.state,
    HttpEndpoint: metadataOptions.httpEndpoint,
    HttpTokens: metadataOptions.httpTokens,
    HttpPutResponseHopLimit: metadataOptions.httpPutResponseHopLimit,
    HttpProtocolIpv6: metadataOptions.httpProtocolIpv6,
    InstanceMetadataTags: metadataOptions.instanceMetadataTags,
  };
}

/** Only running instances, unless asked for all: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceStatus.html */
const describeStatus = handler((context, input: DescribeInstanceStatusRequest): DescribeInstanceStatusResult => {
  const where = ({ state }: Instance): boolean => input.IncludeAllInstances === true || state === "running";
  const { items, token } = select(context, input, {
    kind: "instance",
    table: context.region.instances,
    ids: input.InstanceIds,
    filters: filtersFor(context),
    where,
  });
  const status = (instance: Instance) => ({
    Status: instance.state === "running" ? ("ok" as const) : ("not-applicable" as const),
  });
  return {
    InstanceStatuses: items.map((instance) => ({
      InstanceId: instance.id,
      AvailabilityZone: instance.availabilityZone,
      InstanceState: describeState(instance.state),
      InstanceStatus: status(instance),
      SystemStatus: status(instance),
      Events: [],
    })),
    NextToken: token,
  };
});

export const instanceHandlers = { DescribeInstances: describe, DescribeInstanceStatus: describeStatus };
