import { createBeacon } from "../attackers/beacon.ts";
import { controllerEvent } from "./controller-event.ts";
import { OUTSIDE, type ScenarioDefinition, type Stage, type StageTools } from "./scenario.ts";
import { addInterface, createGroup, createSurroundings, createWorkloadRole, launchWorkload } from "./surroundings.ts";
import { applyVariants } from "./variants.ts";
import { actor } from "./victim.ts";

/**
 * A hijacked vendor: command and control hides behind the one address that the security groups let the instance reach.
 *
 * The groups are narrow on purpose. TCP and UDP go to the vendor and nowhere else, so that once its address is denied
 * no flow over them can have outlived the swap, and the cut can be proved complete.
 */
export const c2Beacon: ScenarioDefinition = {
  id: "c2-beacon",
  title: "A command-and-control beacon on a public instance",
  description:
    "The payment worker talks to its card processor, whose server was hijacked. A beacon holds one TCP connection to it open; GuardDuty names the address. The instance has two interfaces and a role with access to S3.",
  attackers: ["beacon"],
  expected: "contained: the known flow is dead in three round trips, both interfaces are sealed in two",
  suggestedApprovals: [],
  variants: [
    "branch-interface",
    "dead-man-switch",
    "flow-logs",
    "interface-attached-during-approval",
    "nacl-rules-start-at-1",
    "neighbour",
    "no-prepared-groups",
    "service-interface-beacon",
    "service-managed-interface",
    "ssm-agent",
    "ssm-session",
    "two-vpcs",
  ],
  stage,
};

function stage(tools: StageTools): Stage {
  const { place, network } = tools;
  const surroundings = createSurroundings(tools);
  const { vpc, publicSubnet } = surroundings;
  const { profile } = createWorkloadRole(place);
  const group = createGroup(place, {
    vpcId: vpc.id,
    name: "payments-egress",
    description: "Payment workers: the card processor only",
    rules: [
      { egress: true, protocol: "tcp", port: 443, cidr: `${OUTSIDE.hijackedVendor}/32`, description: "card processor" },
      { egress: false, protocol: "icmp", port: -1, cidr: "10.20.0.0/16", description: "monitoring" },
    ],
  });
  const { instance, primary } = launchWorkload(place, {
    name: "payment-worker",
    subnetId: publicSubnet.id,
    group,
    profile,
    publicIp: "192.0.2.60",
  });
  const monitoring = createGroup(place, {
    vpcId: vpc.id,
    name: "monitoring",
    description: "Answers the monitoring's pings",
    rules: [{ egress: false, protocol: "icmp", port: -1, cidr: "10.20.0.0/16", description: "monitoring" }],
  });
  addInterface(place, instance, {
    subnetId: publicSubnet.id,
    groupIds: [monitoring.id],
    deviceIndex: 1,
    description: "monitoring",
  });
  const beacon = createBeacon({
    ...actor(tools, "beacon"),
    network,
    through: primary,
    outsideIp: OUTSIDE.hijackedVendor,
  });
  const others = applyVariants(tools, surroundings, {
    instance,
    primary,
    group,
    profile,
    controllerIp: OUTSIDE.hijackedVendor,
    controller: beacon,
  });
  const event = controllerEvent(tools, { instance, primary }, OUTSIDE.hijackedVendor);
  return { targets: [instance], attackers: [beacon, ...others], events: [event] };
}
