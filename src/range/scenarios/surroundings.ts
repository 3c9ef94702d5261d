import { createInstanceProfile, createRole } from "../world/build-identity.ts";
import { attachInterface, createInterface } from "../world/build-interfaces.ts";
import {
  addRule,
  associateNetworkAcl,
  createInternetGateway,
  createNatGateway,
  createNetworkAcl,
  createRouteTable,
  createSecurityGroup,
  createSubnet,
  createVpc,
  putRoute,
} from "../world/build-network.ts";
import { launchInstance } from "../world/build-instances.ts";
import type { InstanceProfile, Role } from "../world/identity.ts";
import type { Instance, NetworkInterface, SecurityGroup, Subnet, Vpc } from "../world/model.ts";
import type { Place } from "../world/world.ts";
import { createPreparedGroups } from "./prepared-groups.ts";
import type { StageTools, Variant } from "./scenario.ts";

const DAY_MS = 86_400_000;

/** The bucket that the workload reads. */
export const BUCKET = "example-payroll-exports";
export const OBJECT_ARN = `arn:aws:s3:::${BUCKET}/2026/01/export.csv`;

/** The network that a scenario plays in. */
export interface Surroundings {
  readonly vpc: Vpc;
  readonly publicSubnet: Subnet;
  readonly privateSubnet: Subnet;
}

/** A VPC with a public subnet behind an internet gateway and a private one behind a NAT gateway. */
export function createSurroundings({ place, variants }: Pick<StageTools, "place" | "variants">): Surroundings {
  const vpc = createVpc(place, { cidr: "10.20.0.0/16", tags: [{ key: "Name", value: "production" }] });
  const gateway = createInternetGateway(place, { vpcId: vpc.id });
  const publicSubnet = createSubnet(place, {
    vpcId: vpc.id,
    cidr: "10.20.1.0/24",
    tags: [{ key: "Name", value: "public-a" }],
  });
  const privateSubnet = createSubnet(place, {
    vpcId: vpc.id,
    cidr: "10.20.2.0/24",
    tags: [{ key: "Name", value: "private-a" }],
  });
  const publicRoutes = createRouteTable(place, { vpcId: vpc.id, subnetIds: [publicSubnet.id] });
  putRoute(place, publicRoutes, "0.0.0.0/0", { kind: "internet-gateway", id: gateway.id });
  const nat = createNatGateway(place, { subnetId: publicSubnet.id, publicIp: "192.0.2.10" });
  const privateRoutes = createRouteTable(place, { vpcId: vpc.id, subnetIds: [privateSubnet.id] });
  putRoute(place, privateRoutes, "0.0.0.0/0", { kind: "nat-gateway", id: nat.id });
  giveOwnNetworkAcls(place, vpc, [publicSubnet, privateSubnet], variants);
  prepareGroups(place, vpc, variants);
  return { vpc, publicSubnet, privateSubnet };
}

/** Makes the prepared groups of a VPC, unless the variant says that nobody has run `setup`. */
export function prepareGroups(place: Place, vpc: Vpc, variants: ReadonlySet<Variant>): void {
  if (!variants.has("no-prepared-groups")) createPreparedGroups(place, vpc);
}

/** One network ACL per subnet. With rules that start at 1, no number is left below them: a deny must make room first. */
function giveOwnNetworkAcls(place: Place, vpc: Vpc, subnets: readonly Subnet[], variants: ReadonlySet<Variant>): void {
  const number = variants.has("nacl-rules-start-at-1") ? 1 : 100;
  for (const subnet of subnets) {
    const acl = createNetworkAcl(place, {
      vpcId: vpc.id,
      entries: [false, true].map((egress) => ({
        number,
        egress,
        protocol: "-1",
        cidr: "0.0.0.0/0",
        ipv6Cidr: null,
        portRange: null,
        icmp: null,
        action: "allow",
      })),
    });
    associateNetworkAcl(place, acl, subnet.id);
  }
}

/** A group with the given rules and no others: the outbound rule that AWS adds is taken away, as careful owners do. */
export function createGroup(
  place: Place,
  options: {
    readonly vpcId: string;
    readonly name: string;
    readonly description: string;
    readonly rules: readonly GroupRule[];
  },
): SecurityGroup {
  const group = createSecurityGroup(place, options);
  place.world.change(group, () => (group.rules = []));
  for (const { cidr, protocol, port, egress, description } of options.rules) {
    addRule(place, group, {
      egress,
      protocol,
      fromPort: port,
      peer: { kind: "ipv4", cidr },
      description,
    });
  }
  return group;
}

export interface GroupRule {
  readonly egress: boolean;
  readonly protocol: string;
  /** `null` with protocol "-1"; -1 is every ICMP type. */
  readonly port: number | null;
  readonly cidr: string;
  readonly description: string;
}

/** Allows everything out, and nothing in: what most groups look like. */
export const EGRESS_ALL: GroupRule = {
  egress: true,
  protocol: "-1",
  port: null,
  cidr: "0.0.0.0/0",
  description: "everything out",
};

/** The workload's role, which may read and write the bucket, in an instance profile. */
export function createWorkloadRole(place: Place): { readonly role: Role; readonly profile: InstanceProfile } {
  const role = createRole(place, {
    name: "payroll-worker",
    inlinePolicies: {
      "read-and-write-exports": {
        Version: "2012-10-17",
        Statement: [
          { Effect: "Allow", Action: ["s3:GetObject", "s3:PutObject"], Resource: `arn:aws:s3:::${BUCKET}/*` },
          { Effect: "Allow", Action: "s3:ListBucket", Resource: `arn:aws:s3:::${BUCKET}` },
        ],
      },
    },
  });
  return { role, profile: createInstanceProfile(place, { name: "payroll-worker", roleName: role.name }) };
}

/** Launches the workload as it has run for nine days. */
export function launchWorkload(
  place: Place,
  options: {
    readonly name: string;
    readonly subnetId: string;
    readonly group: SecurityGroup;
    readonly profile?: InstanceProfile;
    readonly publicIp?: string;
    readonly instanceType?: string;
    readonly keyName?: string;
    readonly shutdownBehavior?: "stop" | "terminate";
    readonly userData?: string;
  },
): { readonly instance: Instance; readonly primary: NetworkInterface } {
  return launchInstance(place, {
    subnetId: options.subnetId,
    groupIds: [options.group.id],
    ...(options.profile ? { profile: options.profile } : {}),
    ...(options.publicIp === undefined ? {} : { publicIp: options.publicIp }),
    ...(options.keyName === undefined ? {} : { keyName: options.keyName }),
    ...(options.shutdownBehavior === undefined ? {} : { shutdownBehavior: options.shutdownBehavior }),
    ...(options.userData === undefined ? {} : { userData: options.userData }),
    instanceType: options.instanceType ?? "m5.large",
    launchedAt: place.world.now() - 9 * DAY_MS,
    tags: [
      { key: "Name", value: options.name },
      { key: "Team", value: "payroll" },
    ],
  });
}

/** A further interface of an instance, in the subnet given. */
export function addInterface(
  place: Place,
  instance: Instance,
  options: {
    readonly subnetId: string;
    readonly groupIds: readonly string[];
    readonly deviceIndex: number;
    readonly description: string;
    readonly requesterId?: string;
    readonly publicIp?: string;
  },
): NetworkInterface {
  const added = createInterface(place, options);
  if (options.requesterId !== undefined) {
    place.world.change(added, () => (added.operator = { managed: true, principal: options.requesterId ?? null }));
  }
  attachInterface(place, added, instance, {
    deviceIndex: options.deviceIndex,
    attachedAt: instance.launchTime + 5 * 60_000,
  });
  return added;
}
