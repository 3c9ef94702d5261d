import { addressAt } from "./addresses.ts";
import { createInterface } from "./build-interfaces.ts";
import type {
  ElasticAddress,
  InternetGateway,
  NatGateway,
  NetworkAcl,
  NetworkAclEntry,
  NetworkInterface,
  PrefixList,
  RouteTable,
  RouteTarget,
  RulePeer,
  SecurityGroup,
  SecurityGroupRule,
  Subnet,
  Tag,
  Vpc,
} from "./model.ts";
import type { Place } from "./world.ts";

const EVERYTHING = { protocol: "-1", portRange: null, icmp: null, action: "allow" } as const;

/** A VPC with what AWS makes along with it: main route table, default network ACL, default security group. */
export function createVpc(
  place: Place,
  options: { readonly cidr: string; readonly ipv6Cidr?: string; readonly isDefault?: boolean; readonly tags?: Tag[] },
): Vpc {
  const { world, region } = place;
  const vpc = world.add(region.vpcs, {
    id: world.newId("vpc"),
    tags: options.tags ?? [],
    cidr: options.cidr,
    secondaryCidrs: [],
    ipv6Cidr: options.ipv6Cidr ?? null,
    isDefault: options.isDefault ?? false,
    dhcpOptionsId: world.newId("dopt"),
    enableDnsSupport: true,
    enableDnsHostnames: false,
  });
  createRouteTable(place, { vpcId: vpc.id, isMain: true });
  createNetworkAcl(place, { vpcId: vpc.id, isDefault: true, entries: openEntries(vpc) });
  const group = createSecurityGroup(place, {
    vpcId: vpc.id,
    name: "default",
    description: "default VPC security group",
  });
  addRule(place, group, {
    egress: false,
    protocol: "-1",
    peer: { kind: "group", id: group.id, ownerId: place.account.id },
  });
  return vpc;
}

/** The entries of a default network ACL: everything, both ways; IPv6 where the VPC has it. */
export function openEntries(vpc: Pick<Vpc, "ipv6Cidr">): NetworkAclEntry[] {
  return [false, true].flatMap((egress) => [
    { number: 100, egress, cidr: "0.0.0.0/0", ipv6Cidr: null, ...EVERYTHING },
    ...(vpc.ipv6Cidr === null ? [] : [{ number: 101, egress, cidr: null, ipv6Cidr: "::/0", ...EVERYTHING }]),
  ]);
}

/** A subnet, associated with the VPC's default network ACL as AWS does. */
export function createSubnet(
  place: Place,
  options: {
    readonly vpcId: string;
    readonly cidr: string;
    readonly ipv6Cidr?: string;
    readonly availabilityZone?: string;
    readonly mapPublicIpOnLaunch?: boolean;
    readonly tags?: Tag[];
  },
): Subnet {
  const { world, region } = place;
  const subnet = world.add(region.subnets, {
    id: world.newId("subnet"),
    tags: options.tags ?? [],
    vpcId: options.vpcId,
    availabilityZone: options.availabilityZone ?? `${region.name}a`,
    cidr: options.cidr,
    ipv6Cidr: options.ipv6Cidr ?? null,
    mapPublicIpOnLaunch: options.mapPublicIpOnLaunch ?? false,
  });
  const defaultAcl = [...region.networkAcls.values()].find(
    ({ vpcId, isDefault }) => vpcId === options.vpcId && isDefault,
  );
  if (defaultAcl) associateNetworkAcl(place, defaultAcl, subnet.id);
  return subnet;
}

export function createRouteTable(
  place: Place,
  options: {
    readonly vpcId: string;
    readonly isMain?: boolean;
    readonly subnetIds?: readonly string[];
    readonly tags?: Tag[];
  },
): RouteTable {
  const { world, region } = place;
  const vpc = region.vpcs.get(options.vpcId);
  const locals = [vpc?.cidr, vpc?.ipv6Cidr].filter((cidr) => cidr !== null && cidr !== undefined);
  const subnets: (string | null)[] = [...(options.isMain ? [null] : []), ...(options.subnetIds ?? [])];
  return world.add(region.routeTables, {
    id: world.newId("rtb"),
    tags: options.tags ?? [],
    vpcId: options.vpcId,
    routes: locals.map((destination) => ({ destination, target: { kind: "local" } as const })),
    associations: subnets.map((subnetId) => ({ id: world.newId("rtbassoc"), subnetId })),
  });
}

/** Adds a route, or replaces the one to the same destination. */
export function putRoute({ world }: Place, table: RouteTable, destination: string, target: RouteTarget): void {
  world.change(table, () => {
    table.routes = [...table.routes.filter((route) => route.destination !== destination), { destination, target }];
  });
}

export function createInternetGateway(
  { world, region }: Place,
  options: { readonly vpcId: string; readonly egressOnly?: boolean },
): InternetGateway {
  const egressOnly = options.egressOnly ?? false;
  return world.add(region.internetGateways, {
    id: world.newId(egressOnly ? "eigw" : "igw"),
    tags: [],
    egressOnly,
    vpcId: options.vpcId,
  });
}

/** A NAT gateway with its own interface in a (public) subnet. */
export function createNatGateway(
  place: Place,
  options: { readonly subnetId: string; readonly publicIp: string },
): NatGateway {
  const { world, region } = place;
  const id = world.newId("nat");
  const network = createInterface(place, {
    subnetId: options.subnetId,
    groupIds: [],
    interfaceType: "nat_gateway",
    description: `Interface for NAT Gateway ${id}`,
    requesterId: "amazon-vpc",
  });
  network.publicAddress = {
    ip: options.publicIp,
    allocationId: world.newId("eipalloc"),
    associationId: world.newId("eipassoc"),
    privateIp: network.privateIps[0] ?? "",
  };
  return world.add(region.natGateways, {
    id,
    tags: [],
    vpcId: network.vpcId,
    subnetId: options.subnetId,
    interfaceId: network.id,
    privateIp: network.privateIps[0] ?? "",
    publicIp: options.publicIp,
    state: "available",
  });
}

export function createNetworkAcl(
  { world, region }: Place,
  options: {
    readonly vpcId: string;
    readonly isDefault?: boolean;
    readonly entries?: readonly NetworkAclEntry[];
    readonly tags?: Tag[];
  },
): NetworkAcl {
  return world.add(region.networkAcls, {
    id: world.newId("acl"),
    tags: options.tags ?? [],
    vpcId: options.vpcId,
    isDefault: options.isDefault ?? false,
    entries: [...(options.entries ?? [])],
    associations: [],
  });
}

/** Moves a subnet to this network ACL: a subnet has exactly one. Returns the new association's id. */
export function associateNetworkAcl({ world, region }: Place, acl: NetworkAcl, subnetId: string): string {
  for (const other of region.networkAcls.values()) {
    if (!other.associations.some((each) => each.subnetId === subnetId)) continue;
    world.change(other, () => (other.associations = other.associations.filter((each) => each.subnetId !== subnetId)));
  }
  const id = world.newId("aclassoc");
  world.change(acl, () => acl.associations.push({ id, subnetId }));
  return id;
}

/** A security group as AWS creates it: one outbound rule that allows everything, none inbound. */
export function createSecurityGroup(
  place: Place,
  options: { readonly vpcId: string; readonly name: string; readonly description: string; readonly tags?: Tag[] },
): SecurityGroup {
  const { world, region } = place;
  const group = world.add<SecurityGroup>(region.securityGroups, {
    id: world.newId("sg"),
    tags: options.tags ?? [],
    name: options.name,
    description: options.description,
    vpcId: options.vpcId,
    associatedVpcIds: [],
    rules: [],
  });
  group.rules.push(newRule(place, { egress: true, protocol: "-1", peer: { kind: "ipv4", cidr: "0.0.0.0/0" } }));
  return group;
}

export interface RuleOptions {
  readonly egress: boolean;
  readonly protocol: string;
  readonly peer: RulePeer;
  readonly fromPort?: number | null;
  readonly toPort?: number | null;
  readonly description?: string | null;
  readonly tags?: Tag[];
}

/** A rule with an id of its own, not yet in any group. */
export function newRule({ world }: Place, options: RuleOptions): SecurityGroupRule {
  return {
    id: world.newId("sgr"),
    egress: options.egress,
    protocol: options.protocol,
    fromPort: options.fromPort ?? null,
    toPort: options.toPort ?? options.fromPort ?? null,
    peer: options.peer,
    description: options.description ?? null,
    tags: options.tags ?? [],
  };
}

export function addRule(place: Place, group: SecurityGroup, options: RuleOptions): SecurityGroupRule {
  const rule = newRule(place, options);
  place.world.change(group, () => group.rules.push(rule));
  return rule;
}

export function createPrefixList(
  { world, region, account }: Place,
  options: { readonly name: string; readonly cidrs: readonly string[]; readonly ownerId?: string },
): PrefixList {
  return world.add<PrefixList>(region.prefixLists, {
    id: world.newId("pl"),
    tags: [],
    name: options.name,
    ownerId: options.ownerId ?? account.id,
    addressFamily: options.cidrs.some((cidr) => cidr.includes(":")) ? "IPv6" : "IPv4",
    entries: options.cidrs.map((cidr) => ({ cidr, description: null })),
  });
}

export function allocateAddress({ world, region }: Place, publicIp: string): ElasticAddress {
  return world.add<ElasticAddress>(region.elasticAddresses, {
    id: world.newId("eipalloc"),
    tags: [],
    publicIp,
    associationId: null,
    interfaceId: null,
    privateIp: null,
  });
}

/** Associates an elastic address with an interface's primary address; the automatic one it had is given back. */
export function associateAddress({ world }: Place, address: ElasticAddress, target: NetworkInterface): void {
  const associationId = world.newId("eipassoc");
  const privateIp = target.privateIps[0] ?? addressAt("0.0.0.0/32", 0);
  world.change(address, () => Object.assign(address, { associationId, interfaceId: target.id, privateIp }));
  world.change(
    target,
    () => (target.publicAddress = { ip: address.publicIp, allocationId: address.id, associationId, privateIp }),
  );
}
