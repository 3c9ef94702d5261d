import { authorize } from "../../iam/authorize.ts";
import { assumeRole, instanceCredentials } from "../../world/build-identity.ts";
import type { Session } from "../../world/identity.ts";
import type { Instance } from "../../world/model.ts";
import { instanceArn } from "../../world/place.ts";
import type { SsmManagedInstance } from "../../world/ssm-model.ts";
import type { Place, World } from "../../world/world.ts";
import { agentPath, isEndpointStillTracked } from "./agent-path.ts";

/** How long an agent takes from credentials and a way to being there. AWS says "a few minutes" of a new profile. */
const CONNECT_MS = 10_000;
/** How often an agent without credentials asks the metadata service. */
const ASK_MS = 15_000;
/** An agent reports every five minutes; after that it counts as lost. */
const PING_MS = 300_000;

/**
 * Lets happen what happens by itself to an agent until now: it connects, goes silent, takes other credentials.
 *
 * It needs credentials that may report, and a way to Systems Manager for connections of its own making:
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/ssm-agent-technical-details.html
 */
export function settleAgent(place: Place, managed: SsmManagedInstance): void {
  const { world, region } = place;
  const { agent } = managed;
  const instance = region.instances.get(managed.id);
  const now = world.now();
  const path = instance?.state === "running" ? wayOf(place, instance, managed) : null;
  if (path === null || !hasCredentials(place, managed)) {
    agent.isConnected = false;
    agent.connectsAt = null;
  } else if (!agent.isConnected) {
    agent.connectsAt ??= now + CONNECT_MS;
    agent.isConnected = now >= agent.connectsAt;
  }
  if (agent.isConnected) {
    agent.via = path;
    agent.connectsAt = null;
    agent.lastHeardAt = now;
  }
  const pingStatus = agent.isConnected || now - agent.lastHeardAt < PING_MS ? "Online" : "ConnectionLost";
  const registeredAt = managed.registeredAt ?? (agent.isConnected ? now : null);
  if (pingStatus !== managed.pingStatus || registeredAt !== managed.registeredAt)
    world.change(managed, () => Object.assign(managed, { pingStatus, registeredAt }));
}

/** A flow to an endpoint outlives the rule that let it begin: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html */
function wayOf(place: Place, instance: Instance, { agent }: SsmManagedInstance): "internet" | "endpoint" | null {
  const path = agentPath(place, instance);
  if (path !== null) return path;
  return agent.isConnected && agent.via === "endpoint" && isEndpointStillTracked(place, instance) ? "endpoint" : null;
}

/** It keeps credentials until they run out or are refused, and asks for others only then. */
function hasCredentials(place: Place, { id, agent }: SsmManagedInstance): boolean {
  const { world } = place;
  if (agent.session && mayReport(world, place, agent.session, id)) return true;
  const now = world.now();
  if (now < agent.asksAgainAt) return false;
  agent.asksAgainAt = now + ASK_MS;
  const fresh = instanceCredentials(place, id);
  if (fresh && mayReport(world, place, fresh, id)) return keep(fresh);
  const managed = hostManagement(place, id, agent.hostManagementRole);
  return managed !== null && mayReport(world, place, managed, id) && keep(managed);

  function keep(session: Session): true {
    agent.session = session;
    return true;
  }
}

/** https://docs.aws.amazon.com/systems-manager/latest/userguide/fleet-manager-default-host-management-configuration.html: IMDSv2 only. */
function hostManagement(place: Place, instanceId: string, roleName: string | null): Session | null {
  const role = place.account.roles.get(roleName ?? "");
  const options = place.region.instances.get(instanceId)?.metadataOptions;
  if (!role || options?.httpEndpoint !== "enabled") return null;
  return assumeRole(place, role, { sessionName: instanceId });
}

function mayReport(world: World, place: Place, { accessKeyId }: Session, instanceId: string): boolean {
  const resource = instanceArn(place, instanceId);
  return authorize(world, { accessKeyId, action: "ssm:UpdateInstanceInformation", resource }).allowed;
}
