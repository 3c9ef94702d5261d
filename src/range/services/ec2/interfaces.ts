import type {
  DescribeNetworkInterfacesRequest,
  DescribeNetworkInterfacesResult,
  ModifyNetworkInterfaceAttributeRequest,
  NetworkInterface as SdkInterface,
} from "@aws-sdk/client-ec2";
import type { NetworkInterface, PublicAddress } from "../../world/model.ts";
import { publicAddressesOf, publicAddressFor } from "../../world/public-addresses.ts";
import { handler, optional, ownerOf, type Context } from "../handler.ts";
import { ec2Error, existing, invalidValue } from "./errors.ts";
import { select, type Filters } from "./selection.ts";
import { fromTags } from "./tags.ts";

const statusOf = ({ attachment }: NetworkInterface): "in-use" | "available" => (attachment ? "in-use" : "available");

const filters: Filters<NetworkInterface> = {
  "network-interface-id": ({ id }) => id,
  "attachment.instance-id": ({ attachment }) => attachment?.instanceId,
  "attachment.attachment-id": ({ attachment }) => attachment?.id,
  "attachment.device-index": ({ attachment }) => attachment?.deviceIndex,
  "attachment.delete-on-termination": ({ attachment }) => attachment?.deleteOnTermination,
  "attachment.status": ({ attachment }) => attachment?.status,
  "addresses.private-ip-address": ({ privateIps }) => privateIps,
  "association.public-ip": (network) => publicAddressesOf(network).map(({ ip }) => ip),
  "association.allocation-id": (network) => publicAddressesOf(network).map(({ allocationId }) => allocationId),
  "availability-zone": ({ availabilityZone }) => availabilityZone,
  description: ({ description }) => description,
  "group-id": ({ groupIds }) => groupIds,
  "interface-type": ({ interfaceType }) => interfaceType,
  "ipv6-addresses.ipv6-address": ({ ipv6Addresses }) => ipv6Addresses,
  "mac-address": ({ macAddress }) => macAddress,
  "operator.managed": ({ operator }) => operator?.managed ?? false,
  "operator.principal": ({ operator }) => operator?.principal,
  "private-ip-address": ({ privateIps }) => privateIps[0],
  "requester-id": ({ requesterId }) => requesterId,
  "requester-managed": ({ requesterManaged }) => requesterManaged,
  "source-dest-check": ({ sourceDestCheck }) => sourceDestCheck,
  status: statusOf,
  "subnet-id": ({ subnetId }) => subnetId,
  "vpc-id": ({ vpcId }) => vpcId,
};

const describe = handler((context, input: DescribeNetworkInterfacesRequest): DescribeNetworkInterfacesResult => {
  const { items, token } = select(context, input, {
    kind: "interface",
    table: context.region.interfaces,
    ids: input.NetworkInterfaceIds,
    filters,
    where: ({ ownerId = context.account.id }) => ownerId === context.account.id,
  });
  return { NetworkInterfaces: items.map((each) => describeInterface(context, each)), NextToken: token };
});

export function describeInterface(context: Context, shown: NetworkInterface): SdkInterface {
  const { account, region } = context;
  const { attachment, connectionTracking } = shown;
  return {
    NetworkInterfaceId: shown.id,
    InterfaceType: shown.interfaceType as "interface",
    Status: statusOf(shown),
    Description: shown.description,
    SubnetId: shown.subnetId,
    VpcId: shown.vpcId,
    AvailabilityZone: shown.availabilityZone,
    OwnerId: ownerOf(context, shown),
    MacAddress: shown.macAddress,
    PrivateIpAddress: shown.privateIps[0],
    ...addressesOf(shown, account.id),
    Groups: shown.groupIds.map((id) => ({ GroupId: id, GroupName: region.securityGroups.get(id)?.name })),
    RequesterManaged: shown.requesterManaged,
    RequesterId: optional(shown.requesterId),
    Operator: shown.operator
      ? { Managed: shown.operator.managed, Principal: optional(shown.operator.principal) }
      : { Managed: false },
    SourceDestCheck: shown.sourceDestCheck,
    ConnectionTrackingConfiguration: connectionTracking
      ? {
          TcpEstablishedTimeout: optional(connectionTracking.tcpEstablishedTimeout),
          UdpTimeout: optional(connectionTracking.udpTimeout),
          UdpStreamTimeout: optional(connectionTracking.udpStreamTimeout),
        }
      : undefined,
    Attachment: attachment
      ? {
          AttachmentId: attachment.id,
          InstanceId: attachment.instanceId,
          InstanceOwnerId: account.id,
          DeviceIndex: attachment.deviceIndex,
          NetworkCardIndex: attachment.networkCardIndex,
          DeleteOnTermination: attachment.deleteOnTermination,
          Status: attachment.status,
          AttachTime: new Date(attachment.attachTime),
        }
      : undefined,
    TagSet: fromTags(shown.tags),
  };
}

function addressesOf(
  network: NetworkInterface,
  ownerId: string,
): Pick<
  SdkInterface,
  "Association" | "PrivateIpAddresses" | "Ipv6Addresses" | "Ipv6Address" | "Ipv4Prefixes" | "Ipv6Prefixes"
> {
  const { publicAddress, privateIps, ipv6Addresses, delegatedPrefixes = [] } = network;
  const [v6, v4] = [true, false].map((isV6) => delegatedPrefixes.filter((prefix) => prefix.includes(":") === isV6));
  return {
    ...(v4?.length ? { Ipv4Prefixes: v4.map((Ipv4Prefix) => ({ Ipv4Prefix })) } : {}),
    ...(v6?.length ? { Ipv6Prefixes: v6.map((Ipv6Prefix) => ({ Ipv6Prefix })) } : {}),
    Association: associationOf(publicAddress, ownerId),
    PrivateIpAddresses: privateIps.map((ip, index) => ({
      PrivateIpAddress: ip,
      Primary: index === 0,
      Association: associationOf(publicAddressFor(network, ip), ownerId),
    })),
    Ipv6Address: ipv6Addresses[0],
    Ipv6Addresses: ipv6Addresses.map((ip, index) => ({ Ipv6Address: ip, IsPrimaryIpv6: index === 0 })),
  };
}

function associationOf(address: PublicAddress | null, ownerId: string): SdkInterface["Association"] {
  if (!address) return undefined;
  // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkInterfaceAssociation.html
  if (address.isCarrier === true) return { CarrierIp: address.ip, IpOwnerId: "amazon" };
  return {
    PublicIp: address.ip,
    AllocationId: optional(address.allocationId),
    AssociationId: optional(address.associationId),
    IpOwnerId: address.allocationId === null ? "amazon" : ownerId,
  };
}

const ATTRIBUTES = [
  "Groups",
  "ConnectionTrackingSpecification",
  "SourceDestCheck",
  "Description",
  "Attachment",
  "EnaSrdSpecification",
  "EnablePrimaryIpv6",
  "AssociatePublicIpAddress",
  "AssociatedSubnetIds",
] as const;

/** One attribute per call: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyNetworkInterfaceAttribute.html */
const modify = handler((context, input: ModifyNetworkInterfaceAttributeRequest) => {
  const target = existing(context.world, context.region.interfaces, {
    kind: "interface",
    id: input.NetworkInterfaceId,
  });
  const given = ATTRIBUTES.filter((attribute) => input[attribute] !== undefined);
  if (given.length !== 1)
    throw ec2Error(
      "InvalidParameterCombination",
      given.length === 0 ? "No attributes specified." : "Fields for multiple attribute types specified",
    );
  refuseIfManaged(target);
  const edit = editOf(context, target, input);
  context.world.change(target, edit);
  return {};
});

function editOf(
  context: Context,
  target: NetworkInterface,
  input: ModifyNetworkInterfaceAttributeRequest,
): (target: NetworkInterface) => void {
  const { Groups, ConnectionTrackingSpecification: tracking, SourceDestCheck, Description, Attachment } = input;
  if (Groups) {
    checkGroups(context, { groupIds: Groups, vpcId: target.vpcId });
    return (each) => (each.groupIds = [...new Set(Groups)]);
  }
  if (tracking) {
    const before = target.connectionTracking ?? {
      tcpEstablishedTimeout: null,
      udpTimeout: null,
      udpStreamTimeout: null,
    };
    const after = {
      tcpEstablishedTimeout:
        seconds("TcpEstablishedTimeout", tracking.TcpEstablishedTimeout, [60, 432_000]) ?? before.tcpEstablishedTimeout,
      udpTimeout: seconds("UdpTimeout", tracking.UdpTimeout, [30, 60]) ?? before.udpTimeout,
      udpStreamTimeout: seconds("UdpStreamTimeout", tracking.UdpStreamTimeout, [60, 180]) ?? before.udpStreamTimeout,
    };
    return (each) => (each.connectionTracking = after);
  }
  const check = SourceDestCheck?.Value;
  if (check !== undefined) return (each) => (each.sourceDestCheck = check);
  const description = Description?.Value;
  if (description !== undefined) return (each) => (each.description = description);
  if (Attachment) return attachmentEdit(target, Attachment);
  throw ec2Error("UnsupportedOperation", "The range does not keep this attribute of a network interface.");
}

function attachmentEdit(
  target: NetworkInterface,
  given: NonNullable<ModifyNetworkInterfaceAttributeRequest["Attachment"]>,
): (target: NetworkInterface) => void {
  if (!target.attachment || target.attachment.id !== given.AttachmentId)
    throw ec2Error("InvalidAttachmentID.NotFound", `The attachment ID '${given.AttachmentId ?? ""}' does not exist`);
  const deleteOnTermination = given.DeleteOnTermination ?? target.attachment.deleteOnTermination;
  return ({ attachment }) => {
    if (attachment) attachment.deleteOnTermination = deleteOnTermination;
  };
}

/** The bounds: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ConnectionTrackingSpecificationRequest.html */
function seconds(
  name: string,
  value: number | undefined,
  [minimum, maximum]: readonly [number, number],
): number | undefined {
  if (value !== undefined && (value < minimum || value > maximum))
    throw invalidValue(value, name, `It must be between ${minimum} and ${maximum} seconds.`);
  return value;
}

/** Only the service that made an interface may change it: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/requester-managed-eni.html */
export function refuseIfManaged(target: NetworkInterface): void {
  if (target.operator?.managed)
    throw ec2Error(
      "OperationNotPermitted",
      `The network interface '${target.id}' is managed by ${target.operator.principal ?? "a service"} and cannot be modified.`,
    );
  if (target.requesterManaged)
    throw ec2Error(
      "OperationNotPermitted",
      `You do not have permission to modify the network interface '${target.id}': it is requester-managed.`,
    );
}

/** Groups must exist, be of the interface's VPC or associated with it, and be few enough. */
export function checkGroups(
  { world, region, quotas }: Context,
  { groupIds, vpcId }: { readonly groupIds: readonly string[]; readonly vpcId: string },
): void {
  if (groupIds.length === 0)
    throw ec2Error("InvalidParameterValue", "You must specify at least one group for a network interface.");
  if (new Set(groupIds).size > quotas.groupsPerInterface) {
    throw ec2Error(
      "SecurityGroupsPerInterfaceLimitExceeded",
      `The maximum number of security groups per interface has been reached: ${quotas.groupsPerInterface}.`,
    );
  }
  for (const id of groupIds) {
    const group = existing(world, region.securityGroups, { kind: "group", id });
    if (group.vpcId !== vpcId && !group.associatedVpcIds.includes(vpcId)) {
      throw ec2Error("InvalidGroup.NotFound", `The security group '${id}' does not exist in VPC '${vpcId}'`);
    }
  }
}

export const interfaceHandlers = { DescribeNetworkInterfaces: describe, ModifyNetworkInterfaceAttribute: modify };
