import { createDnsTunnel } from "../attackers/dns-tunnel.ts";
import { guardDutyEvent } from "./guardduty-event.ts";
import type { ScenarioDefinition, Stage, StageTools } from "./scenario.ts";
import { createGroup, createSurroundings, createWorkloadRole, launchWorkload } from "./surroundings.ts";
import { applyVariants } from "./variants.ts";
import { actor } from "./victim.ts";

/** The resolver of the scenario's VPC: its base address plus two. */
const RESOLVER = "10.20.0.2";

/** Data leaves in the names that the instance asks AWS's resolver for: no group and no NACL is in that way. */
export const dnsTunnel: ScenarioDefinition = {
  id: "dns-tunnel",
  title: "Data leaves through DNS queries to AWS's own resolver",
  description:
    "A report server in a private subnet asks the VPC's resolver for names that carry data out. GuardDuty saw the names. Neither security groups nor network ACLs filter this path.",
  attackers: ["tunnel"],
  expected:
    "partial: everything is sealed, and the resolver is named as the way out that goes on, with what would end it",
  suggestedApprovals: [],
  variants: ["neighbour", "no-prepared-groups"],
  stage,
};

function stage(tools: StageTools): Stage {
  const { place, network } = tools;
  const surroundings = createSurroundings(tools);
  const { profile } = createWorkloadRole(place);
  const group = createGroup(place, {
    vpcId: surroundings.vpc.id,
    name: "reports",
    description: "Report servers: pings of the monitoring only",
    rules: [{ egress: false, protocol: "icmp", port: -1, cidr: "10.20.0.0/16", description: "monitoring" }],
  });
  const { instance, primary } = launchWorkload(place, {
    name: "reports-1",
    subnetId: surroundings.privateSubnet.id,
    group,
    profile,
  });
  const tunnel = createDnsTunnel({ ...actor(tools, "tunnel"), network, through: primary, resolverIp: RESOLVER });
  const others = applyVariants(tools, surroundings, { instance, primary, group, profile, controllerIp: RESOLVER });
  const event = guardDutyEvent(place, tools.randomFor("finding"), {
    type: "Trojan:EC2/DNSDataExfiltration",
    title: `Data exfiltration through DNS queries from EC2 instance ${instance.id}.`,
    description: `EC2 instance ${instance.id} is attempting to query domain names that resemble exfiltrated data.`,
    severity: 8,
    role: "ACTOR",
    instance,
    featureName: "DnsLogs",
    count: 340,
    action: {
      actionType: "DNS_REQUEST",
      dnsRequestAction: {
        domain: "6d7573746572.x1.exfil.example",
        protocol: "UDP",
        blocked: false,
        domainWithSuffix: "exfil.example",
      },
    },
  });
  return { targets: [instance], attackers: [tunnel, ...others], events: [event] };
}
