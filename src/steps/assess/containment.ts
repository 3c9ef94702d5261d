import { z } from "zod";
import { associationsOf, type ProfileAssociation } from "../../aws/instance-profiles.ts";
import { branchesOf } from "../../aws/branch-interfaces.ts";
import { instanceNetwork } from "../../aws/instance-network.ts";
import type { InstanceNetwork } from "../../aws/instance-network.ts";
import { interfacesOf, type NetworkInterface } from "../../aws/network-interfaces.ts";
import { activeSessions } from "../../aws/ssm-sessions.ts";
import type { SsmSession } from "../../aws/ssm-sessions.ts";
import type { Check, Survivor } from "../../core/containment.ts";
import type { Finding } from "../../core/finding.ts";
import type { Json } from "../../core/json.ts";
import type { Horizon, Ledger } from "../../core/ledger.ts";
import type { StepContext } from "../../core/step.ts";
import { defineAssessment } from "../../core/step.ts";
import type { Indication } from "../../reachability/described.ts";
import { isSealed } from "../../reachability/sealed.ts";
import { services } from "../../reachability/survivors.ts";
import { type Ways, waysOf } from "../../reachability/ways.ts";
import { examinersCheck, examinersWay, forensicAccess, strangersLetIn, WORKSTATION } from "./forensic-access.ts";
import { readCredentialHistory } from "./credential-reading.ts";
import { confirmableAt, type CredentialWays, credentialWays, readCredentials } from "./credentials.ts";
import { readSurroundings, type ProvenInterface } from "./network-proof.ts";
import { readHistory } from "./rule-history.ts";

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
        "cloudtrail:LookupEvents",
        "ec2:DescribeCarrierGateways",
        "ec2:DescribeIamInstanceProfileAssociations",
        "ec2:DescribeInstances",
        "ec2:DescribeInternetGateways",
        "ec2:DescribeNetworkAcls",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeRegions",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSecurityGroupRules",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeTransitGatewayVpcAttachments",
        "ec2:DescribeTrunkInterfaceAssociations",
        "ec2:DescribeVpcPeeringConnections",
        "ec2:DescribeVpcs",
        "ec2:DescribeVpnGateways",
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
    const [shown, machine, associations, sessions] = await Promise.all([
      interfacesOf(aws.ec2, target.instanceId),
      instanceNetwork(aws.ec2, target.instanceId),
      associationsOf(aws.ec2, target.instanceId),
      activeSessions(aws.ssm, target.instanceId),
    ]);
    const attached = [...shown, ...hiddenOf(machine, shown)];
    const { branches, unlisted } = await branchesOf(aws.ec2, attached);
    const interfaces = [...attached, ...branches];
    const [around, groupOf, { read, history }, ways] = await Promise.all([
      readSurroundings(context, interfaces, {
        isStopped: machine?.isStopped === true,
        histories: () => readHistory(context, interfaces),
      }),
      context.prepared.groups("sealed"),
      credentialsAndHistory(context, associations),
      level === "forensic" ? forensicAccess(context.prepared, interfaces) : new Map<string, string>(),
    ]);
    const strangers = await strangersLetIn(context, around, ways);
    const credentials = credentialWays(context, read, history);
    const described = {
      instanceId: target.instanceId,
      interfaces: around,
      indications: findings.map(indicationOf),
      asOf: context.now,
    };
    const flows = waysOf(described);
    return {
      checks: [
        ...around.map((one) => {
          const way = ways.get(one.id);
          return way === undefined
            ? sealedCheck(one, groupsOfSeal(context, one.id, groupOf(one.vpcId)))
            : examinersCheck(one.id, way);
        }),
        ...failedCuts(context),
        ...credentials.checks,
      ],
      survivors: [
        ...flows.survivors,
        ...services(described),
        ...[...new Set(ways.values())].map(examinersWay),
        ...strangers,
        ...unlisted.map(branchSurvivor),
        ...sessions.map(sessionSurvivor),
        ...credentials.survivors,
      ],
      ledger: ledgerOf(flows, credentials, horizonsOfRules(around, target)),
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

async function credentialsAndHistory(context: StepContext, associations: readonly ProfileAssociation[]) {
  const read = await readCredentials(context, associations);
  const wish = { roleArns: [...read.policies.keys()], readableAt: confirmableAt(context, read) };
  return { read, history: await readCredentialHistory(context, wish) };
}

function ledgerOf(flows: Ways, { ledger }: CredentialWays, ofRules: readonly Horizon[]): Ledger {
  return { closed: [...flows.closed, ...ledger.closed], horizons: [...ofRules, ...ledger.horizons] };
}

/** How far the rules of each interface are known; none if nobody read their history. */
function horizonsOfRules(around: readonly ProvenInterface[], { region }: StepContext["target"]): readonly Horizon[] {
  return around.flatMap(({ id, history }) => {
    if (history === null || history === undefined) return [];
    const { until, ever, dueAt, gaps } = history;
    const gap = gaps.length === 0 || dueAt !== null ? null : gaps.join("; ");
    return [{ source: `CloudTrail ${region}, rules of ${id}`, until: ever === null ? null : until, dueAt, gap }];
  });
}

/** Interfaces that the instance shows and DescribeNetworkInterfaces does not: those of other accounts. */
function hiddenOf(machine: InstanceNetwork | null, shown: readonly NetworkInterface[]): readonly NetworkInterface[] {
  return (machine?.interfaces ?? []).filter(({ id }) => shown.every((each) => each.id !== id));
}

/** The prepared group of the VPC as AWS shows it now, and the group that this case's seal gave the interface. */
function groupsOfSeal({ outcomes }: StepContext, interfaceId: string, prepared: string | null): readonly string[] {
  const seals = outcomes["contain.security-groups"] ?? [];
  const given = seals
    .filter(({ change }) => change.resource === interfaceId && change.attribute === "groups")
    .flatMap(({ change }) => z.array(z.string()).safeParse(change.after).data ?? []);
  return [...(prepared === null ? [] : [prepared]), ...given];
}

/** Sealed is an interface with the prepared group of its VPC and no other, whose rules no packet matches. */
function sealedCheck(
  { id, managedBy, rulesNow, groupIds, areRulesRead }: ProvenInterface,
  prepared: readonly string[],
): Check {
  const passing = isSealed(rulesNow)
    ? []
    : rulesNow.map(({ direction, protocol, peer }) => `${direction} ${protocol} ${peer}`);
  const expected = "no rule that a packet can match";
  const strays = groupIds.length === 1 && groupIds.every((each) => prepared.includes(each)) ? [] : groupIds;
  const faults = [
    ...(areRulesRead ? [] : ["the rules of its groups could not be read"]),
    ...passing,
    ...(passing.length > 0 || strays.length === 0
      ? []
      : [`${strays.join(", ")}, not the group that Cordon prepared alone`]),
  ];
  return {
    // Only its owner can seal it: what it lets through is judged as a survivor.
    kind: managedBy === null ? "sealed" : "information",
    code: managedBy === null ? "interface.sealed" : "interface.managed",
    what: managedBy === null ? `${id} is sealed` : `${id}, managed by ${managedBy}, is sealed`,
    otherwise: `${id} is open (its groups are ${groupIds.join(", ")})`,
    ok: faults.length === 0,
    expected,
    observed: faults.length === 0 ? expected : faults.join(", "),
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
    blastRadius: "the instance, which loses its memory and its work",
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
