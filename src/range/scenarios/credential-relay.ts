import { createCredentialUser } from "../attackers/credential-user.ts";
import { instanceCredentials } from "../world/build-identity.ts";
import type { Session } from "../world/identity.ts";
import { exfiltrationEvent } from "./exfiltration-event.ts";
import { OUTSIDE, type ScenarioDefinition, type Stage, type StageTools } from "./scenario.ts";
import { createGroup, createSurroundings, createWorkloadRole, launchWorkload, OBJECT_ARN } from "./surroundings.ts";
import { applyVariants } from "./variants.ts";
import { actor } from "./victim.ts";

/** The metadata service gives new credentials five minutes before this. */
const RUNS_OUT_AFTER_MS = 600_000;
const LIFETIME_MS = 6 * 3_600_000;

/**
 * A process on the instance asks the metadata service for the role's credentials and hands them to its master in names that
 * it asks the resolver for. No group and no network ACL is in the way of either, so that a sealed instance goes on doing so:
 * as long as it gets credentials, he has them, and the next ones minutes after the first were denied.
 */
export const credentialRelay: ScenarioDefinition = {
  id: "credential-relay",
  title: "An instance that goes on handing out its role's credentials",
  description:
    "An implant sends the credentials of the instance's role out in DNS queries, and its master reads the bucket with them. They run out while the response is under way, and the metadata service gives the next ones. GuardDuty saw the calls.",
  attackers: ["credential-thief"],
  expected: "the thief's calls fail, and those with the credentials that the instance gets later fail too",
  suggestedApprovals: [],
  variants: ["neighbour", "no-prepared-groups"],
  stage,
};

function stage(tools: StageTools): Stage {
  const { place } = tools;
  const surroundings = createSurroundings(tools);
  const { profile } = createWorkloadRole(place);
  const group = createGroup(place, {
    vpcId: surroundings.vpc.id,
    name: "exports",
    description: "Export workers: pings of the monitoring only",
    rules: [{ egress: false, protocol: "icmp", port: -1, cidr: "10.20.0.0/16", description: "monitoring" }],
  });
  const { instance, primary } = launchWorkload(place, {
    name: "export-2",
    subnetId: surroundings.privateSubnet.id,
    group,
    profile,
  });
  const stolen = oldCredentials(tools, instance.id);
  const thief = createCredentialUser({
    ...actor(tools, "credential-thief"),
    place,
    instanceId: instance.id,
    authorize: tools.authorize,
    action: "s3:GetObject",
    resource: OBJECT_ARN,
    initial: stolen,
    // The resolver is reached from any instance that runs, whatever its groups are.
    canRefresh: () => instance.state === "running",
  });
  const victim = { instance, primary, group, profile, controllerIp: OUTSIDE.unknownController };
  const others = applyVariants(tools, surroundings, victim);
  const event = exfiltrationEvent(tools, instance, stolen);
  return { targets: [instance], attackers: [thief, ...others], events: [event] };
}

/** Credentials that the instance got hours ago, and that run out soon. */
function oldCredentials({ place }: StageTools, instanceId: string): Session {
  const fresh = instanceCredentials(place, instanceId);
  if (!fresh) throw new TypeError("the scenario's instance has no credentials to steal");
  const expiresAt = place.world.now() + RUNS_OUT_AFTER_MS;
  const old = { ...fresh, issuedAt: expiresAt - LIFETIME_MS, expiresAt };
  place.account.sessions.set(old.accessKeyId, old);
  return old;
}
