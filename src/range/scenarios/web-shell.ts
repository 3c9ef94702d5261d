import { createWebShellUser } from "../attackers/web-shell-user.ts";
import { addRule, createSubnet } from "../world/build-network.ts";
import { addHealthyTarget, createLoadBalancer, createTargetGroup } from "../world/build-scaling.ts";
import type { Instance, NetworkInterface, SecurityGroup } from "../world/model.ts";
import type { Place } from "../world/world.ts";
import { guardDutyEvent } from "./guardduty-event.ts";
import { OUTSIDE, type ScenarioDefinition, type Stage, type StageTools } from "./scenario.ts";
import {
  createGroup,
  createSurroundings,
  createWorkloadRole,
  launchWorkload,
  type Surroundings,
} from "./surroundings.ts";
import { applyVariants } from "./variants.ts";
import { actor } from "./victim.ts";

const PORT = 8080;

/**
 * A page that the intruder left on a web server behind a load balancer. His requests come from the load balancer, as everybody's
 * do, over a connection that it keeps open and that AWS tracks; his own address is nowhere near the instance.
 *
 * The only target fails its checks once it is sealed. A load balancer without a healthy target sends to all that it has.
 */
export const webShell: ScenarioDefinition = {
  id: "web-shell",
  title: "A web shell behind a load balancer",
  description:
    "A malware scan found a web shell on the only server of a small shop. Its user comes through the load balancer, over a connection that the balancer keeps open to its target.",
  attackers: ["web-shell-user"],
  expected:
    "partial where the instance stays in its target group: the tracked connection of the load balancer is named; cut where it is taken out",
  suggestedApprovals: ["convert"],
  variants: ["neighbour", "no-prepared-groups"],
  stage,
};

function stage(tools: StageTools): Stage {
  const { place, network } = tools;
  const surroundings = createSurroundings(tools);
  const { profile } = createWorkloadRole(place);
  const groups = createGroups(place, surroundings);
  const { instance, primary } = launchWorkload(place, {
    name: "shop",
    subnetId: surroundings.privateSubnet.id,
    group: groups.shop,
    profile,
  });
  const { targetGroupArn, node } = createService(place, surroundings, { instance, balancerGroup: groups.balancer });
  const user = createWebShellUser({
    ...actor(tools, "web-shell-user"),
    place,
    network,
    targetGroupArn,
    instanceId: instance.id,
    node,
  });
  const others = applyVariants(tools, surroundings, {
    instance,
    primary,
    group: groups.shop,
    profile,
    controllerIp: OUTSIDE.unknownController,
  });
  const event = guardDutyEvent(place, tools.randomFor("finding"), {
    type: "Execution:EC2/MaliciousFile",
    title: `A malicious file was detected on EC2 instance ${instance.id}.`,
    description: `A malware scan on EC2 instance ${instance.id} has detected the file /var/www/html/img/.thumb.php.`,
    severity: 8,
    role: "TARGET",
    instance,
    featureName: "EbsVolumeScan",
    action: {},
  });
  return { targets: [instance], attackers: [user, ...others], events: [event] };
}

/** Customers reach the load balancer, and nobody but the load balancer the server. */
function createGroups(
  place: Place,
  { vpc }: Surroundings,
): { readonly balancer: SecurityGroup; readonly shop: SecurityGroup } {
  const balancer = createGroup(place, {
    vpcId: vpc.id,
    name: "shop-balancer",
    description: "Customers to the load balancer",
    rules: [
      { egress: false, protocol: "tcp", port: 443, cidr: "0.0.0.0/0", description: "customers" },
      { egress: true, protocol: "tcp", port: PORT, cidr: "10.20.0.0/16", description: "servers" },
    ],
  });
  const shop = createGroup(place, { vpcId: vpc.id, name: "shop", description: "The load balancer only", rules: [] });
  addRule(place, shop, {
    egress: false,
    protocol: "tcp",
    fromPort: PORT,
    peer: { kind: "group", id: balancer.id, ownerId: place.account.id },
    description: "load balancer",
  });
  return { balancer, shop };
}

/** A load balancer in two zones with one healthy target. */
function createService(
  place: Place,
  { vpc, publicSubnet }: Surroundings,
  { instance, balancerGroup }: { readonly instance: Instance; readonly balancerGroup: SecurityGroup },
): { readonly targetGroupArn: string; readonly node: NetworkInterface } {
  const second = createSubnet(place, {
    vpcId: vpc.id,
    cidr: "10.20.3.0/24",
    availabilityZone: publicSubnet.availabilityZone.replace(/a$/, "b"),
    tags: [{ key: "Name", value: "public-b" }],
  });
  const targetGroup = createTargetGroup(place, { name: "shop", vpcId: vpc.id, port: PORT });
  addHealthyTarget(place, targetGroup, { id: instance.id });
  const balancer = createLoadBalancer(place, {
    name: "shop",
    vpcId: vpc.id,
    subnetIds: [publicSubnet.id, second.id],
    securityGroupIds: [balancerGroup.id],
    listeners: [{ port: 443, targetGroup }],
  });
  const node = place.region.interfaces.get(balancer.interfaceIds[0] ?? "");
  if (!node) throw new TypeError("the load balancer has no node");
  return { targetGroupArn: targetGroup.id, node };
}
