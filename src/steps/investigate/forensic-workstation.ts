import { z } from "zod";
import { isTerminationProtected, shutdownBehaviorOf } from "../../aws/instance-attributes.ts";
import { lookAtLaunch } from "../../aws/launch-facts.ts";
import { interfacesOf } from "../../aws/network-interfaces.ts";
import { volumesOf } from "../../aws/volumes.ts";
import { findWorkstation, type Workstation } from "../../aws/workstations.ts";
import { Refusal } from "../../core/errors.ts";
import { defineSharedStep, type Verification } from "../../core/step.ts";
import { after, reconcileWorkstation, workstationOutcome } from "./workstation-claims.ts";

/**
 * Launches one hardened workstation for the incident, for its examiners and with their image; every case of the incident
 * claims the same one.
 *
 * It is in the prepared group of its level: nothing reaches it, Systems Manager's sessions aside, and it reaches instances
 * on the level `forensic`. It has no public address, gives metadata only to session tokens, has an encrypted root disk, is
 * protected from termination, and a shutdown from inside stops it.
 *
 * It goes when the last case of the incident is released, with what was left on its disk, unless `workstation.keep` is set.
 * Only what the ledger says Cordon launched, and AWS says was launched with Cordon's token, is ever ended. A stop protection
 * that an examiner sets keeps it.
 *
 * Without `workstation` in cordon.yaml there is none, and nothing waits for it. `investigate.evidence-volumes` brings the
 * disks.
 */
export const forensicWorkstation = defineSharedStep({
  id: "investigate.forensic-workstation",
  title: "Launch the incident's forensic workstation",
  reversible: "equivalently",
  notRestored: "AWS lists the terminated workstation for about an hour. With `keep` it stays, and is yours to end.",
  settlesWithinMs: 300_000,
  permissions: {
    target: {
      plan: [
        "ec2:DescribeImages",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
      ],
      reconcile: [
        "ec2:CreateTags",
        "ec2:DescribeInstanceAttribute",
        "ec2:DescribeInstances",
        "ec2:ModifyInstanceAttribute",
        "ec2:RunInstances",
        "ec2:TerminateInstances",
        "iam:PassRole",
      ],
      verify: ["ec2:DescribeInstanceAttribute", "ec2:DescribeInstances", "ec2:DescribeVolumes"],
    },
  },
  input: z.strictObject({}),
  change: { before: z.null(), after },

  async plan({ aws, target, settings, prepared, case: { incident } }) {
    const { workstation } = settings;
    const leave = (reason: string) => ({ changes: [], left: [{ resource: target.instanceId, reason }] });
    if (!workstation)
      return leave("no forensic workstation is configured: set `workstation` (image, type, subnet) in cordon.yaml");
    const [look, groupOf, interfaces] = await Promise.all([
      lookAtLaunch(aws.ec2, workstation),
      prepared.groups("workstation"),
      interfacesOf(aws.ec2, target.instanceId),
    ]);
    if (look.kind === "elsewhere")
      return leave(`the workstation's ${workstation.subnet} is not in this account and Region, where the disks are`);
    if (look.kind === "unfit") throw new Refusal("workstation_unfit", { reason: look.reason });
    const { vpcId, zone, rootDevice } = look.facts;
    const groupId = groupOf(vpcId);
    if (groupId === null) {
      const reason = `${vpcId} has no prepared group of level workstation; \`cordon setup --level forensic --vpc ${vpcId} --apply\` makes it`;
      throw new Refusal("workstation_unfit", { reason });
    }
    const { image, type, subnet, profile, keyName, keep } = workstation;
    const isBeside = interfaces.some((each) => each.vpcId === vpcId);
    const ending = keep
      ? "It stays after the release, and costs until you end it"
      : "It costs until the incident's last case is released, and goes then with what is on its disk";
    return {
      changes: [
        {
          resource: `workstation/${target.account}/${target.region}/${incident}`,
          before: null,
          after: {
            imageId: image,
            instanceType: type,
            subnetId: subnet,
            zone,
            groupId,
            rootDevice,
            profile,
            keyName,
            keep,
          },
          approves: { imageId: image, instanceType: type, subnetId: subnet, profile, keyName, keep },
          claim: { member: target.instanceId },
          blastRadius: {
            what: `Launches one ${type} of ${image} in ${subnet}, once for the whole incident. ${ending}.`,
            resources: [],
          },
        },
      ],
      left: isBeside
        ? []
        : [
            {
              resource: target.instanceId,
              reason: `${vpcId} is not its VPC: the workstation will have its disks only`,
            },
          ],
    };
  },

  reconcile(context, resource, ledger) {
    return reconcileWorkstation(context, resource, ledger);
  },

  async verify({ aws }, { after: wanted }, outcome) {
    const { instanceId } = workstationOutcome.parse(outcome);
    const seen = await findWorkstation(aws.ec2, instanceId);
    if (seen === null) return verdict(instanceId, "notYet", ["AWS does not show it yet"]);
    if (seen.state === "shutting-down" || seen.state === "terminated")
      return verdict(instanceId, "failed", [`${seen.state}: ${seen.stateReason ?? "AWS gives no reason"}`]);
    if (seen.state === "pending") return verdict(instanceId, "notYet", ["it is pending"]); // The rest is looked at once it runs.
    const [volumes, isProtected, onShutdown] = await Promise.all([
      volumesOf(aws.ec2, instanceId),
      isTerminationProtected(aws.ec2, instanceId),
      shutdownBehaviorOf(aws.ec2, instanceId),
    ]);
    const root = volumes.find(({ device }) => device === wanted.rootDevice);
    const faults = faultsOf(seen, {
      groupId: wanted.groupId,
      isProtected,
      onShutdown,
      hasEncryptedRoot: root?.encrypted,
    });
    return verdict(instanceId, faults.length === 0 ? "ok" : "notYet", faults);
  },
});

function verdict(instanceId: string, kind: Verification["kind"], faults: readonly string[]): Verification {
  return {
    kind,
    what: `workstation ${instanceId}`,
    expected: "launched and hardened",
    observed: faults.length === 0 ? "launched and hardened" : faults.join("; "),
  };
}

/** What it lacks, in words. */
function faultsOf(
  { state, publicIp, groupIds, requiresMetadataTokens }: Workstation,
  looked: {
    readonly groupId: string;
    readonly isProtected: boolean;
    readonly onShutdown: string;
    readonly hasEncryptedRoot: boolean | undefined;
  },
): readonly string[] {
  const { groupId, isProtected, onShutdown, hasEncryptedRoot } = looked;
  return [
    ...(state === "running" || state === "stopped" ? [] : [`it is ${state}`]),
    ...(publicIp === null ? [] : [`it has the public address ${publicIp}`]),
    ...(groupIds.length === 1 && groupIds[0] === groupId ? [] : [`its groups are ${groupIds.join(", ") || "unknown"}`]),
    ...(requiresMetadataTokens ? [] : ["its metadata needs no session token"]),
    ...(isProtected ? [] : ["it is not protected from termination"]),
    ...(onShutdown === "stop" ? [] : [`a shutdown from inside would ${onShutdown} it`]),
    ...(hasEncryptedRoot === true ? [] : ["its root volume is not seen to be encrypted"]),
  ];
}
