import { guardDutyEvent, networkConnectionAction } from "./guardduty-event.ts";
import type { StageTools } from "./scenario.ts";
import type { Victim } from "./victim.ts";

/** The finding about an instance that talks to a known command-and-control server over HTTPS. */
export function controllerEvent(
  tools: StageTools,
  { instance, primary }: Pick<Victim, "instance" | "primary">,
  remoteIp: string,
): unknown {
  return guardDutyEvent(tools.place, tools.randomFor("finding"), {
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
