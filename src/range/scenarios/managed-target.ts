import type { Attacker } from "../attackers/attacker.ts";
import { createSessionUser } from "../attackers/session-user.ts";
import { createCollectionProfile, createSsmEndpoints } from "../world/build-collection.ts";
import { createRole, createUser } from "../world/build-identity.ts";
import { registerWithSsm, startSsmSession, type AgentOptions } from "../world/build-instances.ts";
import { addRule } from "../world/build-network.ts";
import type { SsmManagedInstance } from "../world/ssm-model.ts";
import type { StageTools } from "./scenario.ts";
import { actor, type Victim } from "./victim.ts";

/** The restricted profile that a drill's settings name. */
const COLLECTION_PROFILE = "CordonCollection";

/**
 * The target has an agent of Systems Manager and its VPC the endpoints. The workload's own profile does not let the agent
 * work, so that nobody can ask the running system anything until it is lent one that does.
 */
export function addIdleAgent(tools: StageTools, victim: Victim): void {
  createCollectionProfile(tools.place, COLLECTION_PROFILE);
  addAgent(tools, victim, { isConnected: false });
}

/**
 * Somebody signed in to the console as a colleague and opened a shell on the instance. Its agent works with the account's
 * default host management, and not with the instance's profile.
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/fleet-manager-default-host-management-configuration.html
 */
export function addSessionUser(tools: StageTools, victim: Victim): Attacker {
  const { place } = tools;
  const role = createRole(place, {
    name: "AWSSystemsManagerDefaultEC2InstanceManagementRole",
    path: "/service-role/",
    inlinePolicies: {
      agent: {
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: ["ssm:UpdateInstanceInformation", "ssmmessages:*"], Resource: "*" }],
      },
    },
  });
  const managed = addAgent(tools, victim, { hostManagementRole: role.name });
  const { user } = createUser(place, { name: "colleague" });
  const session = startSsmSession(place, { instanceId: victim.instance.id, owner: user.arn });
  return createSessionUser({ ...actor(tools, "session-user"), place, session, managed });
}

function addAgent({ place }: StageTools, { instance, group }: Victim, options: AgentOptions): SsmManagedInstance {
  createSsmEndpoints(place, instance.vpcId);
  addRule(place, group, {
    egress: true,
    protocol: "tcp",
    fromPort: 443,
    peer: { kind: "ipv4", cidr: place.region.vpcs.get(instance.vpcId)?.cidr ?? "" },
    description: "Systems Manager's endpoints",
  });
  return registerWithSsm(place, instance, options);
}
