import { z } from "zod";
import { associationsOf } from "../../aws/instance-profiles.ts";
import { branchesOf } from "../../aws/branch-interfaces.ts";
import { interfacesOf, type NetworkInterface } from "../../aws/network-interfaces.ts";
import { activeSessions } from "../../aws/ssm-sessions.ts";
import type { SsmSession } from "../../aws/ssm-sessions.ts";
import type { Check, Survivor } from "../../core/containment.ts";
import type { Finding } from "../../core/finding.ts";
import type { Json } from "../../core/json.ts";
import type { StepContext } from "../../core/step.ts";
import { defineAssessment } from "../../core/step.ts";
import type { Indication, ReachInterface } from "../../reachability/described.ts";
import { isSealed } from "../../reachability/sealed.ts";
import { survivors } from "../../reachability/survivors.ts";
import { examinersCheck, examinersWay, forensicAccess, strangersLetIn, WORKSTATION } from "./forensic-access.ts";
import { credentialWays, readCredentials } from "./credentials.ts";
import { readSurroundings } from "./network-proof.ts";

/** Steps whose failure means that the network is not cut. */
const CUT = [
  "contain.security-groups",
  "contain.remote-addresses",
  "contain.connection-timeouts",
  "contain.tracked-connections",
];

/**
 * Says from what AWS shows now whether the instance is cut off, and which ways out are not excluded.
 *
 * Groups are stateful: a sealed interface still carries the flows that AWS tracks. What the groups before the cut, the
 * NACLs and the routes allow is therefore judged as well, with what findings name.
 *
 * After a cut to the level `forensic`, `level: forensic` takes that level's one way in, from the workstations' group alone,
 * for no breach: it stands in the statement instead. Machines in that group that are not the incident's workstation are
 * possible ways in.
 */
export const containmentAssessment = defineAssessment({
  id: "assess.containment",
  title: "Prove that the instance is cut off",
  needs: [...CUT, "contain.instance-profile", "contain.role-sessions", "contain.ssm-sessions"],
  // It waits for none: the first asks people, the second is at work for as long as something is collected, and the workstation
  // is launched after the first proof.
  reads: ["contain.role-wide-sessions", "preserve.collection-profile", WORKSTATION],
  permissions: {
    target: {
      assess: [
        "ec2:DescribeIamInstanceProfileAssociations",
        "ec2:DescribeNetworkAcls",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSecurityGroupRules",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeTrunkInterfaceAssociations",
        "iam:GetInstanceProfile",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "ssm:DescribeSessions",
      ],
    },
  },
  input: z.strictObject({
    /** `forensic`: the way of examiners, which that level leaves open, is no breach of the seal. It is named. */
    level: z.enum(["sealed", "forensic"]).default("sealed"),
  }),

  async assess(context, { level }) {
    const { aws, target, findings } = context;
    const [attached, associations, sessions] = await Promise.all([
      interfacesOf(aws.ec2, target.instanceId),
      associationsOf(aws.ec2, target.instanceId),
      activeSessions(aws.ssm, target.instanceId),
    ]);
    const { branches, unlisted } = await branchesOf(aws.ec2, attached);
    const interfaces = [...attached, ...branches];
    const [around, read, ways] = await Promise.all([
      readSurroundings(context, interfaces),
      readCredentials(context, associations),
      level === "forensic" ? forensicAccess(context.prepared, interfaces) : new Map<string, string>(),
    ]);
    const strangers = await strangersLetIn(context, around, ways);
    const credentials = credentialWays(context, read);
    const described = { instanceId: target.instanceId, interfaces: around, indications: findings.map(indicationOf) };
    return {
      checks: [
        ...around.map((one) => {
          const way = ways.get(one.id);
          return way === undefined ? sealedCheck(one, interfaces) : examinersCheck(one.id, way);
        }),
        ...failedCuts(context),
        ...credentials.checks,
      ],
      survivors: [
        ...survivors(described),
        ...[...new Set(ways.values())].map(examinersWay),
        ...strangers,
        ...unlisted.map(branchSurvivor),
        ...sessions.map(sessionSurvivor),
        ...credentials.survivors,
      ],
      ledger: credentials.ledger,
      document: {
        readAt: new Date(context.now).toISOString(),
        interfaces: around as unknown as Json,
        associations: associations as unknown as Json,
        sessions: sessions as unknown as Json,
        policies: [...read.policies].map(([role, policy]) => ({ role, policy })),
      },
    };
  },
});

function sealedCheck({ id, managedBy, rulesNow }: ReachInterface, attached: readonly NetworkInterface[]): Check {
  const groups = attached.find((one) => one.id === id)?.groupIds.join(", ") ?? "unknown";
  const passing = isSealed(rulesNow)
    ? []
    : rulesNow.map(({ direction, protocol, peer }) => `${direction} ${protocol} ${peer}`);
  return {
    // Nobody but its owner can seal it: what it lets through is judged as a survivor.
    kind: managedBy === null ? "sealed" : "information",
    code: managedBy === null ? "interface.sealed" : "interface.managed",
    what: managedBy === null ? `${id} is sealed` : `${id}, managed by ${managedBy}, is sealed`,
    otherwise: `${id} is open (its groups are ${groups})`,
    ok: passing.length === 0,
    expected: "no rule that a packet can match",
    observed: passing.length === 0 ? "no rule that a packet can match" : passing.join(", "),
  };
}

function failedCuts({ outcomes }: StepContext): readonly Check[] {
  const failed = CUT.flatMap((step) => (outcomes[step] ?? []).filter(({ state }) => state === "failed"));
  return failed.map(({ change: { id, step, resource } }) => ({
    kind: "cut",
    code: "cut.step",
    what: id,
    otherwise: `${step} failed on ${resource}`,
    ok: false,
    expected: "verified",
    observed: "failed",
  }));
}

/** Nobody knows whether they are sealed, so their flows are possible. */
function branchSurvivor(trunk: string): Survivor {
  return {
    code: "flow.branch",
    what: `flows of the branch interfaces that share trunk ${trunk}`,
    kind: "tcp",
    certainty: "possible",
    why: "AWS did not list them: ec2:DescribeTrunkInterfaceAssociations",
    lever: "contain.stop",
    blastRadius: "the instance loses its memory and its work",
  };
}

function sessionSurvivor({ id, owner }: SsmSession): Survivor {
  return {
    code: "shell.session",
    what: `Session Manager session ${id}`,
    kind: "tcp",
    certainty: "indicated",
    why: `Systems Manager lists it as active, opened by ${owner}`,
    lever: "contain.ssm-sessions",
    blastRadius: "whoever uses this session",
  };
}

/** Where credentials were used from is the address of a caller of AWS's API, no peer of the instance. */
function indicationOf({ id, type, channel, remoteAddresses }: Finding): Indication {
  return { findingId: id, type, channel, remotes: channel === "credentials" ? [] : remoteAddresses };
}
