import { AwsError } from "../../wire/operation.ts";
import type { World } from "../../world/world.ts";

/** Where AWS lists EC2's error codes; its model declares none. */
export const EC2_ERRORS = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html";

export function ec2Error(code: string, message: string): AwsError {
  return new AwsError(code, message, { documentation: EC2_ERRORS });
}

interface Naming {
  readonly prefix: string;
  readonly missing: string;
  readonly malformed: string;
  readonly noun: string;
}

/** How EC2 says that an id names nothing, or cannot be an id. */
const NAMING = {
  instance: {
    prefix: "i",
    missing: "InvalidInstanceID.NotFound",
    malformed: "InvalidInstanceID.Malformed",
    noun: "instance ID",
  },
  interface: {
    prefix: "eni",
    missing: "InvalidNetworkInterfaceID.NotFound",
    malformed: "InvalidNetworkInterfaceId.Malformed",
    noun: "networkInterface ID",
  },
  group: {
    prefix: "sg",
    missing: "InvalidGroup.NotFound",
    malformed: "InvalidGroupId.Malformed",
    noun: "security group",
  },
  rule: {
    prefix: "sgr",
    missing: "InvalidSecurityGroupRuleId.NotFound",
    malformed: "InvalidSecurityGroupRuleId.Malformed",
    noun: "security group rule ID",
  },
  acl: {
    prefix: "acl",
    missing: "InvalidNetworkAclID.NotFound",
    malformed: "InvalidNetworkAclId.Malformed",
    noun: "networkAcl ID",
  },
  subnet: {
    prefix: "subnet",
    missing: "InvalidSubnetID.NotFound",
    malformed: "InvalidSubnetID.Malformed",
    noun: "subnet ID",
  },
  vpcPeering: {
    prefix: "pcx",
    missing: "InvalidVpcPeeringConnectionID.NotFound",
    malformed: "InvalidVpcPeeringConnectionId.Malformed",
    noun: "vpcPeeringConnection ID",
  },
  vpc: { prefix: "vpc", missing: "InvalidVpcID.NotFound", malformed: "InvalidVpcID.Malformed", noun: "vpc ID" },
  routeTable: {
    prefix: "rtb",
    missing: "InvalidRouteTableID.NotFound",
    malformed: "InvalidRouteTableId.Malformed",
    noun: "routeTable ID",
  },
  internetGateway: {
    prefix: "igw",
    missing: "InvalidInternetGatewayID.NotFound",
    malformed: "InvalidInternetGatewayId.Malformed",
    noun: "internetGateway ID",
  },
  egressOnlyGateway: {
    prefix: "eigw",
    missing: "InvalidEgressOnlyInternetGatewayId.NotFound",
    malformed: "InvalidEgressOnlyInternetGatewayId.Malformed",
    noun: "egressOnlyInternetGateway ID",
  },
  vpnGateway: {
    prefix: "vgw",
    missing: "InvalidVpnGatewayID.NotFound",
    malformed: "InvalidVpnGatewayID.Malformed",
    noun: "vpnGateway ID",
  },
  carrierGateway: {
    prefix: "cagw",
    missing: "InvalidCarrierGatewayID.NotFound",
    malformed: "InvalidCarrierGatewayId.Malformed",
    noun: "carrierGateway ID",
  },
  transitGateway: {
    prefix: "tgw",
    missing: "InvalidTransitGatewayID.NotFound",
    malformed: "InvalidTransitGatewayID.Malformed",
    noun: "transitGateway ID",
  },
  transitGatewayAttachment: {
    prefix: "tgw-attach",
    missing: "InvalidTransitGatewayAttachmentID.NotFound",
    malformed: "InvalidTransitGatewayAttachmentID.Malformed",
    noun: "transitGatewayAttachment ID",
  },
  trafficMirrorSession: {
    prefix: "tms",
    missing: "InvalidTrafficMirrorSessionId.NotFound",
    malformed: "InvalidTrafficMirrorSessionId.Malformed",
    noun: "traffic mirror session",
  },
  trafficMirrorTarget: {
    prefix: "tmt",
    missing: "InvalidTrafficMirrorTargetId.NotFound",
    malformed: "InvalidTrafficMirrorTargetId.Malformed",
    noun: "traffic mirror target",
  },
  natGateway: { prefix: "nat", missing: "NatGatewayNotFound", malformed: "NatGatewayMalformed", noun: "NAT gateway" },
  volume: { prefix: "vol", missing: "InvalidVolume.NotFound", malformed: "InvalidVolumeID.Malformed", noun: "volume" },
  snapshot: {
    prefix: "snap",
    missing: "InvalidSnapshot.NotFound",
    malformed: "InvalidSnapshotID.Malformed",
    noun: "snapshot",
  },
  endpoint: {
    prefix: "vpce",
    missing: "InvalidVpcEndpointId.NotFound",
    malformed: "InvalidVpcEndpointId.Malformed",
    noun: "Vpc Endpoint Id",
  },
  image: { prefix: "ami", missing: "InvalidAMIID.NotFound", malformed: "InvalidAMIID.Malformed", noun: "image id" },
  allocation: {
    prefix: "eipalloc",
    missing: "InvalidAllocationID.NotFound",
    malformed: "InvalidAllocationID.NotFound",
    noun: "allocation ID",
  },
  prefixList: {
    prefix: "pl",
    missing: "InvalidPrefixListID.NotFound",
    malformed: "InvalidPrefixListId.Malformed",
    noun: "prefix list ID",
  },
} as const satisfies Record<string, Naming>;

export type Kind = keyof typeof NAMING;

/** What an id names by its form; null where it is no id. */
export function kindOf(id: string): Kind | null {
  const prefix = /^([a-z]+)-[0-9a-f]{8,17}$/.exec(id)?.[1];
  const kinds = Object.keys(NAMING) as Kind[];
  return kinds.find((kind) => NAMING[kind].prefix === prefix) ?? null;
}

/** The error for an id that names nothing the caller can see, or that is no id at all. */
export function notFound(kind: Kind, id: string): AwsError {
  const { prefix, missing, malformed, noun } = NAMING[kind];
  if (!new RegExp(`^${prefix}-[0-9a-f]{8,17}$`).test(id)) return ec2Error(malformed, `Invalid id: "${id}"`);
  return ec2Error(missing, `The ${noun} '${id}' does not exist`);
}

/**
 * The resource a call acts on.
 *
 * A resource that reads do not show yet is not found by writes either, as AWS warns for groups just created:
 * https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
 */
export function existing<T extends object>(
  world: World,
  table: Map<string, T>,
  { kind, id }: { readonly kind: Kind; readonly id: string | undefined },
): T {
  if (id === undefined) throw missingParameter(kind);
  const resource = table.get(id);
  if (!resource || !world.see(table, id)) throw notFound(kind, id);
  return resource;
}

export function missingParameter(name: string): AwsError {
  return ec2Error("MissingParameter", `The request must contain the parameter ${name}`);
}

export function invalidValue(value: unknown, parameter: string, why: string): AwsError {
  return ec2Error("InvalidParameterValue", `Value (${String(value)}) for parameter ${parameter} is invalid. ${why}`);
}
