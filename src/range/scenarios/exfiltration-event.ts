import type { Instance } from "../world/model.ts";
import { apiCallAction, guardDutyEvent } from "./guardduty-event.ts";
import { OUTSIDE, type StageTools } from "./scenario.ts";

/** The finding about an instance's credentials that the thief uses from outside AWS. */
export function exfiltrationEvent(
  tools: StageTools,
  instance: Instance,
  accessKey: NonNullable<Parameters<typeof guardDutyEvent>[2]["accessKey"]>,
): unknown {
  return guardDutyEvent(tools.place, tools.randomFor("finding"), {
    type: "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",
    title: "Credentials for the EC2 instance role payroll-worker were used from an external IP address.",
    description: `Credentials created exclusively for EC2 instance ${instance.id} using instance role payroll-worker have been used from external IP address ${OUTSIDE.thief}.`,
    severity: 8,
    role: "TARGET",
    instance,
    count: 12,
    accessKey,
    action: apiCallAction({ api: "GetObject", serviceName: "s3.amazonaws.com", remoteIp: OUTSIDE.thief }),
  });
}
