import { createSshIntruder } from "../attackers/beacon.ts";
import { createCredentialUser } from "../attackers/credential-user.ts";
import { instanceCredentials } from "../world/build-identity.ts";
import { exfiltrationEvent } from "./exfiltration-event.ts";
import { OUTSIDE, type ScenarioDefinition, type Stage, type StageTools } from "./scenario.ts";
import { createGroup, createSurroundings, createWorkloadRole, launchWorkload, OBJECT_ARN } from "./surroundings.ts";
import { applyVariants, createNeighbour } from "./variants.ts";
import { actor } from "./victim.ts";

/** How long after its last packet a shell still counts as one through which new credentials can be fetched. */
const SHELL_IS_LIVE_MS = 60_000;

/**
 * The role's credentials were copied from an instance and are used from outside. Nothing on the network stops them:
 * only a policy does. A neighbour with the same role must keep working.
 */
export const stolenCredentials: ScenarioDefinition = {
  id: "stolen-credentials",
  title: "An instance role's credentials in a thief's hands",
  description:
    "An intruder with an SSH session copied the role's credentials, looks around in the account and reads the bucket from outside. A neighbour with the same role does its honest work.",
  attackers: ["ssh-intruder", "credential-thief", "neighbour-partner", "neighbour-storage"],
  expected:
    "the thief's calls fail, the neighbour keeps working, and release does not re-arm the thief; new sessions over SSH fail, the open one is a possible survivor",
  suggestedApprovals: ["convert"],
  variants: ["interface-attached-during-approval", "no-prepared-groups", "role-without-room", "two-vpcs"],
  stage,
};

function stage(tools: StageTools): Stage {
  const { place, network } = tools;
  const surroundings = createSurroundings(tools);
  const { profile } = createWorkloadRole(place);
  const group = createGroup(place, {
    vpcId: surroundings.vpc.id,
    name: "bastion",
    description: "SSH from anywhere, by mistake",
    rules: [{ egress: false, protocol: "tcp", port: 22, cidr: "0.0.0.0/0", description: "temporary" }],
  });
  const { instance, primary } = launchWorkload(place, {
    name: "payroll-1",
    subnetId: surroundings.publicSubnet.id,
    group,
    profile,
    publicIp: "192.0.2.60",
  });
  const shell = createSshIntruder({
    ...actor(tools, "ssh-intruder"),
    network,
    through: primary,
    outsideIp: OUTSIDE.intruder,
  });
  const hasShell = (): boolean =>
    shell.lastSuccessMs !== null && place.world.now() - shell.lastSuccessMs <= SHELL_IS_LIVE_MS;
  const stolen = instanceCredentials(place, instance.id);
  if (!stolen) throw new TypeError("the scenario's instance has no credentials to steal");
  const thief = createCredentialUser({
    ...actor(tools, "credential-thief"),
    place,
    instanceId: instance.id,
    authorize: tools.authorize,
    action: "s3:GetObject",
    resource: OBJECT_ARN,
    initial: stolen,
    canRefresh: hasShell,
    explores: {
      call: tools.call,
      sourceIp: OUTSIDE.thief,
      userAgent: "Boto3/1.34.0 md/Botocore#1.34.0 os/linux#6.6.9-kali",
    },
  });
  const victim = { instance, primary, group, profile, controllerIp: OUTSIDE.unknownController };
  const neighbours = createNeighbour(tools, surroundings, victim);
  const others = applyVariants(tools, surroundings, victim);
  const event = exfiltrationEvent(tools, instance, stolen);
  return { targets: [instance], attackers: [shell, thief, ...neighbours, ...others], events: [event] };
}
