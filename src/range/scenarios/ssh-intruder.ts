import { createSshIntruder } from "../attackers/beacon.ts";
import { createStorefrontVisitor } from "../attackers/storefront-visitor.ts";
import { launchInstance } from "../world/build-instances.ts";
import { addRule, createRouteTable, createSubnet, putRoute } from "../world/build-network.ts";
import { createAutoScalingGroup, createLoadBalancer, createTargetGroup } from "../world/build-scaling.ts";
import type { Instance, NetworkInterface, SecurityGroup, Subnet } from "../world/model.ts";
import type { LoadBalancer, TargetGroup } from "../world/scaling-model.ts";
import type { Place } from "../world/world.ts";
import { guardDutyEvent, networkConnectionAction } from "./guardduty-event.ts";
import { OUTSIDE, type ScenarioDefinition, type Stage, type StageTools } from "./scenario.ts";
import { createGroup, createSurroundings, type Surroundings } from "./surroundings.ts";
import { actor } from "./victim.ts";

const DAY_MS = 86_400_000;
const PORT = 8080;

/**
 * An intruder at a keyboard, on a machine that its Auto Scaling group would throw away.
 *
 * The group asks the load balancer about health. Whoever seals the instance and does no more loses it within a minute:
 * its checks fail, the group ends it, and the evidence goes with it.
 */
export const sshIntruder: ScenarioDefinition = {
  id: "ssh-intruder",
  title: "An open SSH session on a member of an Auto Scaling group",
  description:
    "The jump host of the support company was taken over. From there somebody holds an SSH session open on one of two web servers, and has started a reverse shell, which Runtime Monitoring saw. Both servers belong to an Auto Scaling group behind a load balancer, which ends what does not answer.",
  attackers: ["intruder", "customers"],
  expected:
    "the session is cut; the group keeps its hands off the instance, ends no other, and launches a clean one; customers are served throughout",
  suggestedApprovals: [],
  variants: ["neighbour"],
  stage,
};

function stage(tools: StageTools): Stage {
  const { place, network, variants } = tools;
  const surroundings = createSurroundings(tools);
  const subnets = [surroundings.publicSubnet, createSecondZone(place, surroundings)] as const;
  const groups = createGroups(place, surroundings);
  const [victim, other] = [
    launchServer(place, { subnet: subnets[0], group: groups.servers, name: "storefront", publicIp: "192.0.2.70" }),
    launchServer(place, {
      subnet: subnets[1],
      group: groups.servers,
      name: variants.has("neighbour") ? "payroll-neighbour" : "storefront",
      publicIp: "192.0.2.71",
    }),
  ] as const;
  const { balancer, targetGroup } = createService(place, surroundings, {
    subnets,
    groups,
    instances: [victim.instance, other.instance],
  });
  const intruder = createSshIntruder({
    ...actor(tools, "intruder"),
    network,
    through: victim.primary,
    outsideIp: OUTSIDE.intruder,
  });
  const customers = createStorefrontVisitor({
    ...actor(tools, "customers"),
    kind: "bystander",
    place,
    targetGroupArn: targetGroup.id,
    nodeInterfaceId: balancer.interfaceIds[1] ?? "",
    everyMs: 5_000,
  });
  return { targets: [victim.instance], attackers: [intruder, customers], events: [reverseShell(tools, victim)] };
}

/** A public subnet in a second zone, as a load balancer needs two. */
function createSecondZone(place: Place, { vpc, publicSubnet }: Surroundings): Subnet {
  const subnet = createSubnet(place, {
    vpcId: vpc.id,
    cidr: "10.20.3.0/24",
    availabilityZone: publicSubnet.availabilityZone.replace(/a$/, "b"),
    tags: [{ key: "Name", value: "public-b" }],
  });
  const gateway = [...place.region.internetGateways.values()].find(({ vpcId }) => vpcId === vpc.id);
  const routes = createRouteTable(place, { vpcId: vpc.id, subnetIds: [subnet.id] });
  if (gateway) putRoute(place, routes, "0.0.0.0/0", { kind: "internet-gateway", id: gateway.id });
  return subnet;
}

interface Groups {
  readonly balancer: SecurityGroup;
  readonly servers: SecurityGroup;
}

/** SSH is open to the support company's jump host and to nobody else: that is where the intruder sits. */
function createGroups(place: Place, { vpc }: Surroundings): Groups {
  const balancer = createGroup(place, {
    vpcId: vpc.id,
    name: "storefront-balancer",
    description: "Customers to the load balancer",
    rules: [
      { egress: false, protocol: "tcp", port: 443, cidr: "0.0.0.0/0", description: "customers" },
      { egress: true, protocol: "tcp", port: PORT, cidr: "10.20.0.0/16", description: "servers" },
    ],
  });
  const servers = createGroup(place, {
    vpcId: vpc.id,
    name: "storefront-servers",
    description: "The load balancer, and the support company's jump host",
    rules: [
      { egress: false, protocol: "tcp", port: 22, cidr: `${OUTSIDE.intruder}/32`, description: "support's jump host" },
    ],
  });
  addRule(place, servers, {
    egress: false,
    protocol: "tcp",
    fromPort: PORT,
    peer: { kind: "group", id: balancer.id, ownerId: place.account.id },
    description: "load balancer",
  });
  return { balancer, servers };
}

function launchServer(
  place: Place,
  options: {
    readonly subnet: Subnet;
    readonly group: SecurityGroup;
    readonly name: string;
    readonly publicIp: string;
  },
): { readonly instance: Instance; readonly primary: NetworkInterface } {
  return launchInstance(place, {
    subnetId: options.subnet.id,
    groupIds: [options.group.id],
    publicIp: options.publicIp,
    launchedAt: place.world.now() - 9 * DAY_MS,
    shutdownBehavior: "terminate", // As launch templates for such groups often have it.
    tags: [{ key: "Name", value: options.name }],
  });
}

/** The group of exactly two servers, and the load balancer that it asks about their health. */
function createService(
  place: Place,
  { vpc }: Surroundings,
  {
    subnets,
    groups,
    instances,
  }: { readonly subnets: readonly Subnet[]; readonly groups: Groups; readonly instances: readonly Instance[] },
): { readonly balancer: LoadBalancer; readonly targetGroup: TargetGroup } {
  const subnetIds = subnets.map(({ id }) => id);
  const targetGroup = createTargetGroup(place, {
    name: "storefront",
    vpcId: vpc.id,
    port: PORT,
    healthCheck: { intervalSeconds: 10 },
    deregistrationDelaySeconds: 30,
  });
  const balancer = createLoadBalancer(place, {
    name: "storefront",
    vpcId: vpc.id,
    subnetIds,
    securityGroupIds: [groups.balancer.id],
    listeners: [{ port: 443, targetGroup }],
  });
  createAutoScalingGroup(place, {
    name: "storefront",
    subnetIds,
    minSize: 2,
    maxSize: 2,
    instances,
    targetGroups: [targetGroup],
    healthCheckType: "ELB",
    healthCheckGracePeriodSeconds: 60,
    launch: {
      imageId: "ami-0c0ffee0000000001",
      instanceType: "m5.large",
      securityGroupIds: [groups.servers.id],
      instanceProfileName: null,
      publicIp: true,
      tags: [{ key: "Name", value: "storefront" }],
    },
  });
  return { balancer, targetGroup };
}

/** What Runtime Monitoring saw: the shell calls the same address from which the session comes. */
function reverseShell(
  { place, randomFor }: StageTools,
  { instance, primary }: { readonly instance: Instance; readonly primary: NetworkInterface },
): unknown {
  return guardDutyEvent(place, randomFor("finding"), {
    type: "Execution:Runtime/ReverseShell",
    title: `A reverse shell was created on EC2 instance ${instance.id}.`,
    description: `A process on EC2 instance ${instance.id} has redirected its shell to the remote host ${OUTSIDE.intruder}.`,
    severity: 8,
    role: "ACTOR",
    instance,
    featureName: "RuntimeMonitoring",
    action: networkConnectionAction({
      remoteIp: OUTSIDE.intruder,
      remotePort: 4444,
      localIp: primary.privateIps[0] ?? "",
      localPort: 50_122,
      direction: "OUTBOUND",
    }),
  });
}
