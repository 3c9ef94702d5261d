import type { Bucket, BucketContents } from "./s3-model.ts";
import type { VpcEndpoint } from "./endpoints.ts";
import type { GatewayState } from "./gateway-model.ts";
import type { LoggingState } from "./flow-log-model.ts";
import type { EventBus, StateMachine } from "./hand-over-model.ts";
import type { ScalingState } from "./scaling-model.ts";
import type { SsmCommand, SsmManagedInstance } from "./ssm-model.ts";
import type { Image, Snapshot, SnapshotRun, VolumeAttachment } from "./storage-model.ts";

/**
 * What the range's AWS account is made of: plain mutable data, close to what AWS describes, without its wire.
 *
 * Handlers change it only through `World` (`add`, `change`, `remove`), which remembers what stale reads still show.
 * Times are milliseconds since 1970. `null` says that AWS would leave the member out.
 */
export interface Tag {
  key: string;
  value: string;
}

/** Everything that lies in a table: an id and tags. */
export interface Resource {
  readonly id: string;
  tags: Tag[];
}

/** What another account may own and share with this one; the account's own where `ownerId` is left out. */
export interface Shared extends Resource {
  readonly ownerId?: string;
}

/** The service that manages a resource on the customer's behalf (AWS's `Operator`). */
export interface Operator {
  managed: boolean;
  principal: string | null;
}

export interface Vpc extends Shared {
  cidr: string;
  /** Blocks that were associated later (AssociateVpcCidrBlock). */
  secondaryCidrs: string[];
  ipv6Cidr: string | null;
  isDefault: boolean;
  dhcpOptionsId: string;
  enableDnsSupport: boolean;
  enableDnsHostnames: boolean;
}

/** One side of a peering connection: it may lie in another account or Region. */
export interface PeeredVpc {
  vpcId: string;
  ownerId: string;
  region: string;
  cidrs: string[];
  ipv6Cidrs: string[];
}

export interface VpcPeering extends Resource {
  status: "pending-acceptance" | "active" | "deleted";
  requester: PeeredVpc;
  accepter: PeeredVpc;
}

export interface Subnet extends Shared {
  vpcId: string;
  availabilityZone: string;
  cidr: string;
  ipv6Cidr: string | null;
  mapPublicIpOnLaunch: boolean;
}

/** Where a route leads. `blackhole` is what is left when the target was deleted. */
export type RouteTarget =
  | { readonly kind: "local" }
  | { readonly kind: "internet-gateway"; readonly id: string }
  | { readonly kind: "egress-only-internet-gateway"; readonly id: string }
  | { readonly kind: "nat-gateway"; readonly id: string }
  | { readonly kind: "network-interface"; readonly id: string }
  | { readonly kind: "vpc-endpoint"; readonly id: string }
  | { readonly kind: "vpc-peering-connection"; readonly id: string }
  | { readonly kind: "transit-gateway"; readonly id: string }
  | { readonly kind: "vpn-gateway"; readonly id: string }
  | { readonly kind: "carrier-gateway"; readonly id: string }
  /** The range has no core networks: such a route leads somewhere that is not known. */
  | { readonly kind: "core-network"; readonly id: string }
  | { readonly kind: "blackhole"; readonly id: string };

export interface Route {
  /** IPv4 or IPv6 range, or a prefix list id. */
  destination: string;
  target: RouteTarget;
}

export interface RouteTableAssociation {
  readonly id: string;
  /** `null` is the main association of the VPC. */
  subnetId: string | null;
}

export interface RouteTable extends Shared {
  vpcId: string;
  routes: Route[];
  associations: RouteTableAssociation[];
}

export interface InternetGateway extends Resource {
  /** Egress-only gateways carry IPv6 outwards and are tracked automatically. */
  egressOnly: boolean;
  vpcId: string | null;
}

export interface NatGateway extends Resource {
  vpcId: string;
  subnetId: string;
  interfaceId: string;
  privateIp: string;
  publicIp: string;
  state: "available" | "deleted";
}

/** "-1" is every protocol; else the protocol's number as a string. */
export type ProtocolNumber = string;

export interface NetworkAclEntry {
  number: number;
  egress: boolean;
  protocol: ProtocolNumber;
  cidr: string | null;
  ipv6Cidr: string | null;
  portRange: { from: number; to: number } | null;
  /** -1 is any. */
  icmp: { type: number; code: number } | null;
  action: "allow" | "deny";
}

export interface NetworkAclAssociation {
  readonly id: string;
  subnetId: string;
}

export interface NetworkAcl extends Shared {
  vpcId: string;
  isDefault: boolean;
  /** Without the implicit last rule (32767, deny), which handlers add when they describe. */
  entries: NetworkAclEntry[];
  associations: NetworkAclAssociation[];
}

export type RulePeer =
  | { readonly kind: "ipv4"; readonly cidr: string }
  | { readonly kind: "ipv6"; readonly cidr: string }
  | { readonly kind: "prefix-list"; readonly id: string }
  | { readonly kind: "group"; readonly id: string; readonly ownerId: string };

/** One rule has one peer, as in AWS's SecurityGroupRule; IpPermissions are rules grouped by protocol and ports. */
export interface SecurityGroupRule {
  readonly id: string;
  egress: boolean;
  /** "-1", or "tcp", "udp", "icmp", "icmpv6", or a number, as AWS shows it. */
  protocol: string;
  /** Ports; for ICMP type and code, -1 is any. `null` when the protocol is "-1". */
  fromPort: number | null;
  toPort: number | null;
  peer: RulePeer;
  description: string | null;
  tags: Tag[];
}

export interface SecurityGroup extends Shared {
  name: string;
  description: string;
  vpcId: string;
  /** Further VPCs the group is associated with (AssociateSecurityGroupVpc). */
  associatedVpcIds: string[];
  rules: SecurityGroupRule[];
}

export interface PrefixList extends Resource {
  name: string;
  ownerId: string;
  addressFamily: "IPv4" | "IPv6";
  entries: { cidr: string; description: string | null }[];
}

export interface InterfaceAttachment {
  readonly id: string;
  instanceId: string;
  deviceIndex: number;
  networkCardIndex: number;
  deleteOnTermination: boolean;
  status: "attaching" | "attached" | "detaching" | "detached";
  attachTime: number;
}

export interface PublicAddress {
  ip: string;
  /** Of the elastic address; `null` for an automatic one, which is given back on stop. */
  allocationId: string | null;
  associationId: string | null;
  privateIp: string;
  /** In a Wavelength Zone: an address of the carrier's network. */
  readonly isCarrier?: boolean;
}

/** Seconds; `null` members stand for the type's default. */
export interface ConnectionTracking {
  tcpEstablishedTimeout: number | null;
  udpTimeout: number | null;
  udpStreamTimeout: number | null;
}

/** One of another account is attached to an instance here, and stands in no list of interfaces here. */
export interface NetworkInterface extends Shared {
  subnetId: string;
  vpcId: string;
  availabilityZone: string;
  description: string;
  macAddress: string;
  /** The first one is the primary address. */
  privateIps: string[];
  ipv6Addresses: string[];
  /** Whole blocks that are delegated to it, IPv4 and IPv6. */
  delegatedPrefixes?: string[];
  publicAddress: PublicAddress | null;
  /** Elastic addresses of its secondary private addresses. */
  furtherPublicAddresses: PublicAddress[];
  groupIds: string[];
  attachment: InterfaceAttachment | null;
  requesterManaged: boolean;
  requesterId: string | null;
  operator: Operator | null;
  /** "interface", "trunk", "branch", "nat_gateway", "vpc_endpoint", "network_load_balancer", "lambda", ... */
  interfaceType: string;
  /** The trunk of a branch interface. */
  trunkInterfaceId: string | null;
  sourceDestCheck: boolean;
  connectionTracking: ConnectionTracking | null;
}

export type InstanceState = "pending" | "running" | "stopping" | "stopped" | "shutting-down" | "terminated";

export interface MetadataOptions {
  state: "pending" | "applied";
  httpEndpoint: "enabled" | "disabled";
  httpTokens: "optional" | "required";
  httpPutResponseHopLimit: number;
  httpProtocolIpv6: "enabled" | "disabled";
  instanceMetadataTags: "enabled" | "disabled";
  /** While `pending`: when it is `applied`. */
  transition: { at: number } | null;
}

export interface BlockDevice {
  deviceName: string;
  volumeId: string;
  deleteOnTermination: boolean;
  attachTime: number;
}

export interface ProfileAssociation {
  readonly id: string;
  profileId: string;
  profileArn: string;
  state: "associating" | "associated" | "disassociating" | "disassociated";
}

export interface Instance extends Resource {
  state: InstanceState;
  /** The state it is on the way to, and when it arrives. */
  transition: { to: InstanceState; at: number } | null;
  stateReason: string | null;
  instanceType: string;
  imageId: string;
  availabilityZone: string;
  vpcId: string;
  subnetId: string;
  launchTime: number;
  keyName: string | null;
  profileAssociation: ProfileAssociation | null;
  metadataOptions: MetadataOptions;
  spotRequest: { id: string; kind: "one-time" | "persistent" } | null;
  autoScalingGroupName: string | null;
  disableApiTermination: boolean;
  disableApiStop: boolean;
  shutdownBehavior: "stop" | "terminate";
  rootDeviceType: "ebs" | "instance-store";
  rootDeviceName: string;
  blockDevices: BlockDevice[];
  userData: string | null;
  platform: "windows" | null;
  operator: Operator | null;
  /** What the serial console shows; `null` for a plain boot. */
  consoleText: string | null;
  /** How often it was rebooted: its memory was lost each time. */
  reboots: number;
  /** The client token of the call that launched it, if it had one. */
  readonly clientToken?: string;
}

export interface ElasticAddress extends Resource {
  publicIp: string;
  associationId: string | null;
  interfaceId: string | null;
  privateIp: string | null;
}

export interface KeyPair extends Resource {
  name: string;
  fingerprint: string;
  createdAt: number;
}

export interface Volume extends Resource {
  sizeGiB: number;
  volumeType: string;
  availabilityZone: string;
  encrypted: boolean;
  kmsKeyId: string | null;
  snapshotId: string | null;
  createdAt: number;
  /** Until then it is `creating`. */
  availableAt: number;
  attachment: VolumeAttachment | null;
  /** Snapshots of it that may be under way. */
  snapshotRuns: SnapshotRun[];
  /** Why snapshots of it end in `error`; `null` for a volume in order. */
  snapshotFault: string | null;
}

export interface SsmSession extends Resource {
  instanceId: string;
  /** ARN of the principal that started it. */
  owner: string;
  state: "Connected" | "Terminating" | "Terminated";
  startedAt: number;
  endedAt: number | null;
}

/** What lies in one Region of one account, by id. */
export interface RegionState extends ScalingState, LoggingState, GatewayState {
  readonly name: string;
  readonly vpcs: Map<string, Vpc>;
  readonly vpcPeerings: Map<string, VpcPeering>;
  readonly subnets: Map<string, Subnet>;
  readonly routeTables: Map<string, RouteTable>;
  readonly internetGateways: Map<string, InternetGateway>;
  readonly natGateways: Map<string, NatGateway>;
  readonly networkAcls: Map<string, NetworkAcl>;
  readonly securityGroups: Map<string, SecurityGroup>;
  readonly prefixLists: Map<string, PrefixList>;
  readonly interfaces: Map<string, NetworkInterface>;
  readonly instances: Map<string, Instance>;
  readonly elasticAddresses: Map<string, ElasticAddress>;
  readonly keyPairs: Map<string, KeyPair>;
  readonly volumes: Map<string, Volume>;
  readonly snapshots: Map<string, Snapshot>;
  readonly images: Map<string, Image>;
  readonly vpcEndpoints: Map<string, VpcEndpoint>;
  readonly ssmInstances: Map<string, SsmManagedInstance>;
  readonly ssmSessions: Map<string, SsmSession>;
  /** What was sent, and what came of it: a history, not configuration. */
  readonly ssmCommands: Map<string, SsmCommand>;
  readonly eventBuses: Map<string, EventBus>;
  readonly stateMachines: Map<string, StateMachine>;
  /** Buckets by name; all accounts and Regions share one space of names. */
  readonly buckets: Map<string, Bucket>;
  /** What lies in the buckets, by their names: evidence, not configuration. */
  readonly bucketContents: Map<string, BucketContents>;
}
