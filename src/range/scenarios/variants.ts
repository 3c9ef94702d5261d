import type { Attacker } from "../attackers/attacker.ts";
import { createCredentialUser } from "../attackers/credential-user.ts";
import { createInterfaceAttacher } from "../attackers/interface-attacher.ts";
import { createPersistentFlow, createPolling } from "../attackers/persistent-flow.ts";
import { attachInterface, createInterface } from "../world/build-interfaces.ts";
import { createFlowLog } from "../world/build-logging.ts";
import { createSubnet, createVpc } from "../world/build-network.ts";
import { fillRole } from "./full-role.ts";
import { addIdleAgent, addSessionUser } from "./managed-target.ts";
import type { Place } from "../world/world.ts";
import { OUTSIDE, type StageTools } from "./scenario.ts";
import {
  addInterface,
  createGroup,
  launchWorkload,
  OBJECT_ARN,
  prepareGroups,
  type Surroundings,
} from "./surroundings.ts";
import { createOperator, createSecondLaunch, createSwitch } from "./third-parties.ts";
import { actor, type Victim } from "./victim.ts";

/** Applies the chosen variants to a staged victim; returns who else lives there because of them. */
export function applyVariants(tools: StageTools, surroundings: Surroundings, victim: Victim): Attacker[] {
  const { place, variants } = tools;
  if (variants.has("flow-logs")) logFlows(place, surroundings.vpc.id);
  if (variants.has("two-vpcs")) addInterfaceInSecondVpc(tools, victim);
  if (variants.has("branch-interface")) addBranchInterface(tools, victim);
  if (variants.has("service-managed-interface")) {
    addInterface(place, victim.instance, {
      subnetId: victim.instance.subnetId,
      groupIds: [victim.group.id],
      deviceIndex: nextDeviceIndex(tools, victim),
      description: "managed by a service",
      requesterId: "eks.amazonaws.com",
    });
  }
  if (variants.has("role-without-room")) fillRole(place, victim);
  if (variants.has("ssm-agent")) addIdleAgent(tools, victim);
  return [
    ...(variants.has("neighbour") ? createNeighbour(tools, surroundings, victim) : []),
    ...(variants.has("interface-attached-during-approval") ? [createAttacher(tools, victim)] : []),
    ...(variants.has("lateral-flow") ? [createLateralFlow(tools, surroundings, victim)] : []),
    ...(variants.has("service-interface-beacon") ? [createServiceInterfaceBeacon(tools, surroundings, victim)] : []),
    ...(variants.has("ssm-session") ? [addSessionUser(tools, victim)] : []),
    ...(variants.has("dead-man-switch") ? [createSwitch(tools, victim)] : []),
    ...(variants.has("stolen-key-pair") ? [createSecondLaunch(tools, victim)] : []),
    ...(variants.has("on-call-operator") ? [createOperator(tools, victim)] : []),
  ];
}

/** A flow log of the whole VPC in CloudWatch Logs, as an account with a baseline has it: all traffic, in AWS's own format. */
function logFlows(place: Place, vpcId: string): void {
  const createdAt = place.world.now() - 30 * 86_400_000;
  createFlowLog(place, {
    resourceId: vpcId,
    destination: { kind: "cloud-watch-logs", logGroupName: "/vpc/production/flow-logs" },
    maxAggregationSeconds: 60,
    createdAt,
    recordsFrom: createdAt,
  });
}

function nextDeviceIndex({ place }: StageTools, { instance }: Victim): number {
  const attached = [...place.region.interfaces.values()].filter(
    ({ attachment }) => attachment?.instanceId === instance.id,
  );
  return Math.max(...attached.map(({ attachment }) => attachment?.deviceIndex ?? 0)) + 1;
}

/** An interface that a service manages, and that nobody else may give other groups: the implant calls home through it. */
function createServiceInterfaceBeacon(tools: StageTools, { vpc }: Surroundings, victim: Victim): Attacker {
  const { place, network } = tools;
  const group = createGroup(place, {
    vpcId: vpc.id,
    name: "cluster-nodes",
    description: "Made by the cluster's service: HTTPS out",
    rules: [{ egress: true, protocol: "tcp", port: 443, cidr: "0.0.0.0/0", description: "images" }],
  });
  const through = addInterface(place, victim.instance, {
    subnetId: victim.instance.subnetId,
    groupIds: [group.id],
    deviceIndex: nextDeviceIndex(tools, victim),
    description: "managed by a service",
    requesterId: "eks.amazonaws.com",
    publicIp: "192.0.2.63",
  });
  return createPolling({
    ...actor(tools, "service-interface-beacon"),
    network,
    through,
    outsideIp: OUTSIDE.unnamedController,
    startedBy: "inside",
    port: 443,
    everyMs: 6_000,
  });
}

/** The implant talks to another machine that was taken over, in its own subnet: no network ACL and no route is in between. */
function createLateralFlow(tools: StageTools, { vpc }: Surroundings, victim: Victim): Attacker {
  const { place, network } = tools;
  const group = createGroup(place, {
    vpcId: vpc.id,
    name: "queue",
    description: "Queues: from the whole VPC",
    rules: [{ egress: false, protocol: "tcp", port: 5672, cidr: vpc.cidr, description: "workers" }],
  });
  const { primary: peer } = launchWorkload(place, { name: "queue-1", subnetId: victim.instance.subnetId, group });
  return createPersistentFlow({
    ...actor(tools, "lateral-flow"),
    network,
    through: victim.primary,
    outsideIp: peer.privateIps[0] ?? "",
    peer,
    startedBy: "inside",
    port: 5672,
    everyMs: 5_000,
  });
}

/** A container host: its trunk is attached, and the branch that a container has is not. */
function addBranchInterface(tools: StageTools, victim: Victim): void {
  const { place } = tools;
  const { instance, group } = victim;
  const trunk = createInterface(place, { subnetId: instance.subnetId, groupIds: [group.id], interfaceType: "trunk" });
  attachInterface(place, trunk, instance, {
    deviceIndex: nextDeviceIndex(tools, victim),
    attachedAt: instance.launchTime + 5 * 60_000,
  });
  createInterface(place, {
    subnetId: instance.subnetId,
    groupIds: [group.id],
    interfaceType: "branch",
    trunkInterfaceId: trunk.id,
    description: "a container's",
  });
}

/** An instance may have interfaces in several VPCs of its zone: each needs the sealed group of its own VPC. */
function addInterfaceInSecondVpc(tools: StageTools, victim: Victim): void {
  const { place, variants } = tools;
  const vpc = createVpc(place, { cidr: "10.30.0.0/16", tags: [{ key: "Name", value: "operations" }] });
  const subnet = createSubnet(place, {
    vpcId: vpc.id,
    cidr: "10.30.1.0/24",
    tags: [{ key: "Name", value: "operations-a" }],
  });
  prepareGroups(place, vpc, variants);
  const group = createGroup(place, {
    vpcId: vpc.id,
    name: "operations-ping",
    description: "Answers the monitoring's pings",
    rules: [{ egress: false, protocol: "icmp", port: -1, cidr: "10.30.0.0/16", description: "monitoring" }],
  });
  addInterface(place, victim.instance, {
    subnetId: subnet.id,
    groupIds: [group.id],
    deviceIndex: nextDeviceIndex(tools, victim),
    description: "operations",
  });
}

/** An honest instance with the same role in the same subnet: what Cordon does to the victim must leave it working. */
export function createNeighbour(tools: StageTools, { vpc }: Surroundings, victim: Victim): Attacker[] {
  const { place, network } = tools;
  const group = createGroup(place, {
    vpcId: vpc.id,
    name: "payroll-neighbour",
    description: "Talks to the partner's API",
    rules: [{ egress: true, protocol: "tcp", port: 443, cidr: `${OUTSIDE.partner}/32`, description: "partner's API" }],
  });
  const { instance, primary } = launchWorkload(place, {
    name: "payroll-neighbour",
    subnetId: victim.instance.subnetId,
    group,
    ...(victim.profile ? { profile: victim.profile } : {}),
    ...(victim.primary.publicAddress ? { publicIp: "192.0.2.61" } : {}),
  });
  const partner = createPersistentFlow({
    ...actor(tools, "neighbour-partner"),
    kind: "bystander",
    network,
    through: primary,
    outsideIp: OUTSIDE.partner,
    startedBy: "inside",
    port: 443,
    everyMs: 7_000,
  });
  if (!victim.profile) return [partner];
  const storage = createCredentialUser({
    ...actor(tools, "neighbour-storage"),
    kind: "bystander",
    place,
    instanceId: instance.id,
    authorize: tools.authorize,
    action: "s3:GetObject",
    resource: OBJECT_ARN,
    everyMs: 6_000,
    canRefresh: () => instance.state === "running",
  });
  return [partner, storage];
}

function createAttacher(tools: StageTools, victim: Victim): Attacker {
  return createInterfaceAttacher({
    ...actor(tools, "attached-interface"),
    place: tools.place,
    network: tools.network,
    instance: victim.instance,
    groupIds: [victim.group.id],
    publicIp: "192.0.2.62",
    outsideIp: victim.controllerIp,
    attachAfterMs: tools.interfaceAttachedAfterMs,
  });
}
