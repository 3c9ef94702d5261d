import { createInstanceProfile, createRole } from "../world/build-identity.ts";
import {
  associateNetworkAcl,
  createInternetGateway,
  createNatGateway,
  createNetworkAcl,
  createRouteTable,
  createSubnet,
  createVpc,
  openEntries,
  putRoute,
} from "../world/build-network.ts";
import { launchInstance } from "../world/build-instances.ts";
import type { InstanceProfile } from "../world/identity.ts";
import type { Instance, NetworkInterface, SecurityGroup, Subnet } from "../world/model.ts";
import type { Random } from "../world/random.ts";
import type { Place } from "../world/world.ts";
import { guardDutyEvent, networkConnectionAction } from "./guardduty-event.ts";
import { createPreparedGroups } from "./prepared-groups.ts";
import { OUTSIDE } from "./scenario.ts";
import { createGroup } from "./surroundings.ts";

const DAY_MS = 86_400_000;

/** A /24 has room for 251. */
const INSTANCES_PER_SUBNET = 250;

export interface FleetStageOptions {
  readonly instances: number;
  readonly roles: "own" | "one";
  /** Chance of the findings' own ids. */
  readonly random: Random;
}

export interface FleetStage {
  readonly instances: readonly Instance[];
  readonly events: readonly unknown[];
}

/**
 * One VPC of private subnets, each with its own network ACL, full of workers with one interface each. All of them talk to the
 * same controller, and GuardDuty has a finding for each in the same second.
 */
export function stageFleet(place: Place, { instances: count, roles, random }: FleetStageOptions): FleetStage {
  const vpc = createVpc(place, { cidr: "10.20.0.0/16", tags: [{ key: "Name", value: "render-farm" }] });
  createPreparedGroups(place, vpc);
  const subnets = createSubnets(place, vpc, Math.ceil(count / INSTANCES_PER_SUBNET));
  const group = createGroup(place, {
    vpcId: vpc.id,
    name: "render-worker",
    description: "Render workers: the asset server only",
    rules: [{ egress: true, protocol: "tcp", port: 443, cidr: `${OUTSIDE.hijackedVendor}/32`, description: "assets" }],
  });
  const shared = roles === "one" ? createWorkerRole(place, "render-worker") : null;
  const launched = Array.from({ length: count }, (_, index) => {
    const name = `render-worker-${String(index + 1).padStart(4, "0")}`;
    const subnet = subnets[Math.floor(index / INSTANCES_PER_SUBNET)] as Subnet;
    return launchWorker(place, { name, subnet, index, group, profile: shared ?? createWorkerRole(place, name) });
  });
  return {
    instances: launched.map(({ instance }) => instance),
    events: launched.map((each) => findingAbout(place, random, each)),
  };
}

function createSubnets(place: Place, vpc: Parameters<typeof openEntries>[0] & { id: string }, count: number): Subnet[] {
  const edge = createSubnet(place, { vpcId: vpc.id, cidr: "10.20.255.0/24", tags: [{ key: "Name", value: "edge" }] });
  const gateway = createInternetGateway(place, { vpcId: vpc.id });
  const outward = createRouteTable(place, { vpcId: vpc.id, subnetIds: [edge.id] });
  putRoute(place, outward, "0.0.0.0/0", { kind: "internet-gateway", id: gateway.id });
  const nat = createNatGateway(place, { subnetId: edge.id, publicIp: "192.0.2.10" });
  const subnets = Array.from({ length: count }, (_, index) =>
    createSubnet(place, {
      vpcId: vpc.id,
      cidr: `10.20.${index}.0/24`,
      tags: [{ key: "Name", value: `workers-${index}` }],
    }),
  );
  const inward = createRouteTable(place, { vpcId: vpc.id, subnetIds: subnets.map(({ id }) => id) });
  putRoute(place, inward, "0.0.0.0/0", { kind: "nat-gateway", id: nat.id });
  for (const { id } of subnets)
    associateNetworkAcl(place, createNetworkAcl(place, { vpcId: vpc.id, entries: openEntries(vpc) }), id);
  return subnets;
}

function createWorkerRole(place: Place, name: string): InstanceProfile {
  const role = createRole(place, {
    name,
    inlinePolicies: {
      assets: {
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::example-render-assets/*" }],
      },
    },
  });
  return createInstanceProfile(place, { name, roleName: role.name });
}

interface Worker {
  readonly instance: Instance;
  readonly primary: NetworkInterface;
}

function launchWorker(
  place: Place,
  options: {
    readonly name: string;
    readonly subnet: Subnet;
    readonly index: number;
    readonly group: SecurityGroup;
    readonly profile: InstanceProfile;
  },
): Worker {
  const { name, subnet, index, group, profile } = options;
  return launchInstance(place, {
    subnetId: subnet.id,
    privateIp: subnet.cidr.replace(/0\/24$/, String(4 + (index % INSTANCES_PER_SUBNET))),
    groupIds: [group.id],
    profile,
    instanceType: "m5.large",
    launchedAt: place.world.now() - 9 * DAY_MS,
    tags: [{ key: "Name", value: name }],
  });
}

function findingAbout(place: Place, random: Random, { instance, primary }: Worker): unknown {
  const remoteIp = OUTSIDE.hijackedVendor;
  return guardDutyEvent(place, random, {
    type: "Backdoor:EC2/C&CActivity.B",
    title: `Command and Control server connection from EC2 instance ${instance.id}.`,
    description: `EC2 instance ${instance.id} is communicating outbound with a known Command & Control server ${remoteIp} on port 443.`,
    severity: 8,
    role: "ACTOR",
    instance,
    featureName: "FlowLogs",
    count: 61,
    action: networkConnectionAction({
      remoteIp,
      remotePort: 443,
      localIp: primary.privateIps[0] ?? "",
      localPort: 41_022,
      direction: "OUTBOUND",
    }),
  });
}
