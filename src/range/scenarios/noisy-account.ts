import { createBeacon } from "../attackers/beacon.ts";
import { createSubnet, createVpc } from "../world/build-network.ts";
import { controllerEvent } from "./controller-event.ts";
import { OUTSIDE, type ScenarioDefinition, type Stage, type StageTools } from "./scenario.ts";
import { addInterface, createGroup, createSurroundings, createWorkloadRole, launchWorkload } from "./surroundings.ts";
import { applyVariants } from "./variants.ts";
import { actor } from "./victim.ts";

/** An account as they are on a bad day: somebody else uses its rate limits up, and what is read is not yet what is true. */
export const noisyAccount: ScenarioDefinition = {
  id: "noisy-account",
  title: "A beacon in an account that throttles, lags and is half prepared",
  description:
    "A scanner uses the account's rate limits up, and reads lag behind writes by up to four seconds. The payment worker has an interface in a second VPC that nobody prepared, and one that a service manages and nobody else may change.",
  attackers: ["beacon"],
  expected:
    "partial: what Cordon may change is sealed though AWS refuses and lags, the missing group is made; the service's interface is left and named",
  suggestedApprovals: [],
  variants: ["neighbour"],
  conditions: { foreignCallsPerSecond: 4, staleMs: 4_000 },
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
    ],
  });
  const { instance, primary } = launchWorkload(place, {
    name: "payment-worker",
    subnetId: publicSubnet.id,
    group,
    profile,
    publicIp: "192.0.2.60",
  });
  const operations = createVpc(place, { cidr: "10.40.0.0/16", tags: [{ key: "Name", value: "operations" }] });
  const subnet = createSubnet(place, { vpcId: operations.id, cidr: "10.40.1.0/24" });
  const ping = createGroup(place, {
    vpcId: operations.id,
    name: "operations-ping",
    description: "Answers the monitoring's pings",
    rules: [{ egress: false, protocol: "icmp", port: -1, cidr: "10.40.0.0/16", description: "monitoring" }],
  });
  addInterface(place, instance, {
    subnetId: subnet.id,
    groupIds: [ping.id],
    deviceIndex: 1,
    description: "operations",
  });
  const cluster = createGroup(place, {
    vpcId: vpc.id,
    name: "cluster-nodes",
    description: "Made by the cluster's service: HTTPS from its clients",
    rules: [{ egress: false, protocol: "tcp", port: 443, cidr: "0.0.0.0/0", description: "clients" }],
  });
  addInterface(place, instance, {
    subnetId: publicSubnet.id,
    groupIds: [cluster.id],
    deviceIndex: 2,
    description: "managed by a service",
    requesterId: "eks.amazonaws.com",
  });
  const beacon = createBeacon({
    ...actor(tools, "beacon"),
    network,
    through: primary,
    outsideIp: OUTSIDE.hijackedVendor,
  });
  const victim = { instance, primary, group, profile, controllerIp: OUTSIDE.hijackedVendor };
  const others = applyVariants(tools, surroundings, victim);
  const event = controllerEvent(tools, victim, OUTSIDE.hijackedVendor);
  return { targets: [instance], attackers: [beacon, ...others], events: [event] };
}
