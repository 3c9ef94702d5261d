import { createBeacon, createMiner } from "../attackers/beacon.ts";
import { guardDutyEvent, networkConnectionAction } from "./guardduty-event.ts";
import { OUTSIDE, type ScenarioDefinition, type Stage, type StageTools } from "./scenario.ts";
import { createGroup, createSurroundings, createWorkloadRole, launchWorkload } from "./surroundings.ts";
import { applyVariants } from "./variants.ts";
import { actor } from "./victim.ts";

/**
 * Flows through a NAT gateway are tracked in any case, so that opening the groups converts nothing:
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html
 */
export const minerBehindNat: ScenarioDefinition = {
  id: "miner-behind-nat",
  title: "A miner in a private subnet, behind a NAT gateway",
  description:
    "A batch worker without a public address mines: its connection to the pool goes through a NAT gateway and is always tracked. GuardDuty names the pool's address.",
  attackers: ["miner"],
  expected: "cut by remote-addresses: the pool's address is denied in the subnet's network ACL",
  suggestedApprovals: [],
  variants: [
    "flow-logs",
    "interface-attached-during-approval",
    "nacl-rules-start-at-1",
    "neighbour",
    "no-prepared-groups",
    "two-vpcs",
    "unnamed-controller",
  ],
  stage,
};

function stage(tools: StageTools): Stage {
  const { place, network } = tools;
  const surroundings = createSurroundings(tools);
  const { vpc, privateSubnet } = surroundings;
  const { profile } = createWorkloadRole(place);
  const group = createGroup(place, {
    vpcId: vpc.id,
    name: "batch",
    description: "Batch workers: TCP out",
    rules: [
      { egress: true, protocol: "tcp", port: 443, cidr: "0.0.0.0/0", description: "APIs" },
      { egress: true, protocol: "tcp", port: 3333, cidr: "0.0.0.0/0", description: "legacy queue" },
    ],
  });
  const { instance, primary } = launchWorkload(place, {
    name: "batch-7",
    subnetId: privateSubnet.id,
    group,
    profile,
    instanceType: "c5.xlarge",
  });
  const miner = createMiner({ ...actor(tools, "miner"), network, through: primary, outsideIp: OUTSIDE.miningPool });
  const unnamed = createBeacon({
    ...actor(tools, "unnamed-beacon"),
    network,
    through: primary,
    outsideIp: OUTSIDE.unnamedController,
  });
  const victim = { instance, primary, group, profile, controllerIp: OUTSIDE.miningPool };
  const others = applyVariants(tools, surroundings, victim);
  const event = guardDutyEvent(place, tools.randomFor("finding"), {
    type: "CryptoCurrency:EC2/BitcoinTool.B",
    title: `Bitcoin related connection from EC2 instance ${instance.id}.`,
    description: `EC2 instance ${instance.id} is communicating outbound with a known Bitcoin-related IP address ${OUTSIDE.miningPool}.`,
    severity: 8,
    role: "ACTOR",
    instance,
    featureName: "FlowLogs",
    count: 34,
    action: networkConnectionAction({
      remoteIp: OUTSIDE.miningPool,
      remotePort: 3333,
      localIp: primary.privateIps[0] ?? "",
      localPort: 52_310,
      direction: "OUTBOUND",
    }),
  });
  return {
    targets: [instance],
    attackers: [miner, ...(tools.variants.has("unnamed-controller") ? [unnamed] : []), ...others],
    events: [event],
  };
}
