import { guardDutyEvent, networkConnectionAction, portProbeAction } from "./guardduty-event.ts";
import { OUTSIDE, type ScenarioDefinition } from "./scenario.ts";
import { stageOpenInstance } from "./single-flow.ts";
import { createNeighbour } from "./variants.ts";

/** A sample finding and a probe. Nothing is wrong, and nothing may happen. */
export const falseAlarm: ScenarioDefinition = {
  id: "false-alarm",
  title: "A sample finding and a port probe",
  description:
    "Somebody tries out GuardDuty with sample findings, and somebody outside knocks at port 443. The instance is healthy.",
  attackers: ["neighbour-partner", "neighbour-storage"],
  expected: "no call that changes anything; the account is as it was",
  suggestedApprovals: [],
  variants: ["no-prepared-groups"],
  stage(tools) {
    const { place } = tools;
    const { surroundings, victim } = stageOpenInstance(tools, OUTSIDE.partner);
    const { instance, primary } = victim;
    const localIp = primary.privateIps[0] ?? "";
    const random = tools.randomFor("finding");
    const sample = guardDutyEvent(place, random, {
      type: "Backdoor:EC2/C&CActivity.B",
      title: `[SAMPLE] Command and Control server connection from EC2 instance ${instance.id}.`,
      description: `EC2 instance ${instance.id} is communicating outbound with a known Command & Control server.`,
      severity: 8,
      role: "ACTOR",
      instance,
      sample: true,
      action: networkConnectionAction({
        remoteIp: OUTSIDE.hijackedVendor,
        remotePort: 443,
        localIp,
        localPort: 41_022,
        direction: "OUTBOUND",
      }),
    });
    const probe = guardDutyEvent(place, random, {
      type: "Recon:EC2/PortProbeUnprotectedPort",
      title: `Unprotected port on EC2 instance ${instance.id} is being probed.`,
      description: `EC2 instance ${instance.id} has an unprotected port which is being probed by a known malicious host.`,
      severity: 2,
      role: "TARGET",
      instance,
      featureName: "FlowLogs",
      count: 3,
      action: portProbeAction({ remoteIp: OUTSIDE.prober, localIp, localPort: 443 }),
    });
    const bystanders = createNeighbour(tools, surroundings, victim);
    return { targets: [instance], attackers: bystanders, events: [sample, probe] };
  },
};
