import { z } from "zod";
import { associationsOf, isLive } from "../../aws/instance-profiles.ts";
import type { ProfileAssociation } from "../../aws/instance-profiles.ts";
import { branchesOf } from "../../aws/branch-interfaces.ts";
import { interfacesOf } from "../../aws/network-interfaces.ts";
import { inlinePolicy } from "../../aws/roles.ts";
import { activeSessions } from "../../aws/ssm-sessions.ts";
import type { SsmSession } from "../../aws/ssm-sessions.ts";
import type { Check, Survivor } from "../../core/containment.ts";
import type { Finding } from "../../core/finding.ts";
import type { Json } from "../../core/json.ts";
import type { ChangeView, StepContext } from "../../core/step.ts";
import { defineAssessment } from "../../core/step.ts";
import type { Indication, ReachInterface } from "../../reachability/described.ts";
import { isSealed } from "../../reachability/sealed.ts";
import { survivors } from "../../reachability/survivors.ts";
import { roleNameOf, writtenAt } from "../contain/deny-sessions-claims.ts";
import { DENY_POLICY, policyDenies, sessionDeny } from "../contain/deny-sessions-policy.ts";
import { readSurroundings } from "./network-proof.ts";

/** Steps whose failure means that the network is not cut. */
const CUT = [
  "contain.security-groups",
  "contain.remote-addresses",
  "contain.connection-timeouts",
  "contain.tracked-connections",
];

/** How long a written policy may take to be in force everywhere. */
const PROPAGATION_MS = 60_000;

/**
 * Says from what AWS shows now whether the instance is cut off, and which ways out are not excluded.
 *
 * Groups are stateful: a sealed interface still carries the flows that AWS tracks. What the groups before the cut, the
 * NACLs and the routes allow is therefore judged as well, with what findings name.
 */
export const containmentAssessment = defineAssessment({
  id: "assess.containment",
  title: "Prove that the instance is cut off",
  needs: [...CUT, "contain.instance-profile", "contain.role-sessions", "contain.ssm-sessions"],
  permissions: {
    target: {
      assess: [
        "ec2:DescribeIamInstanceProfileAssociations",
        "ec2:DescribeNetworkAcls",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSecurityGroupRules",
        "ec2:DescribeSubnets",
        "ec2:DescribeTrunkInterfaceAssociations",
        "iam:GetRolePolicy",
        "ssm:DescribeSessions",
      ],
    },
  },
  input: z.strictObject({}),

  async assess(context) {
    const { aws, target, outcomes, findings } = context;
    const denies = outcomes["contain.role-sessions"] ?? [];
    const [attached, associations, sessions, policies] = await Promise.all([
      interfacesOf(aws.ec2, target.instanceId),
      associationsOf(aws.ec2, target.instanceId),
      activeSessions(aws.ssm, target.instanceId),
      Promise.all(denies.map((view) => readDeny(context, view))),
    ]);
    const { branches, unlisted } = await branchesOf(aws.ec2, attached);
    const around = await readSurroundings(context, [...attached, ...branches]);
    const described = { instanceId: target.instanceId, interfaces: around, indications: findings.map(indicationOf) };
    return {
      checks: [
        ...around.map(sealedCheck),
        ...failedCuts(context),
        ...credentialChecks(context, { associations, denies, policies }),
      ],
      survivors: [
        ...survivors(described),
        ...unlisted.map(branchSurvivor),
        ...sessions.map(sessionSurvivor),
        ...chainedRoles(denies, associations),
      ],
      document: {
        readAt: new Date(context.now).toISOString(),
        interfaces: around as unknown as Json,
        associations: associations as unknown as Json,
        sessions: sessions as unknown as Json,
        policies: denies.map(({ change }, index) => ({ role: change.resource, policy: policies[index] ?? null })),
      },
    };
  },
});

function readDeny({ aws }: StepContext, { change }: ChangeView): Promise<string | null> {
  return inlinePolicy(aws.iam, { roleName: roleNameOf(change.resource), policyName: DENY_POLICY });
}

function sealedCheck({ id, managedBy, rulesNow }: ReachInterface): Check {
  const passing = isSealed(rulesNow)
    ? []
    : rulesNow.map(({ direction, protocol, peer }) => `${direction} ${protocol} ${peer}`);
  return {
    // Nobody but its owner can seal it: what it lets through is judged as a survivor.
    kind: managedBy === null ? "sealed" : "information",
    what: managedBy === null ? `${id} is sealed` : `${id}, managed by ${managedBy}, is sealed`,
    ok: passing.length === 0,
    expected: "no rule that a packet can match",
    observed: passing.length === 0 ? "no rule that a packet can match" : passing.join(", "),
  };
}

function failedCuts({ outcomes }: StepContext): readonly Check[] {
  const failed = CUT.flatMap((step) => (outcomes[step] ?? []).filter(({ state }) => state === "failed"));
  return failed.map(({ change: { id } }) => ({
    kind: "cut",
    what: id,
    ok: false,
    expected: "verified",
    observed: "failed",
  }));
}

interface Credentials {
  readonly associations: readonly ProfileAssociation[];
  readonly denies: readonly ChangeView[];
  readonly policies: readonly (string | null)[];
}

/**
 * The sessions of each role that the instance had, and new ones through its profile.
 * A profile that is still there gives credentials too; a deny on its role by the instance's ARN covers those as well.
 */
function credentialChecks(
  { now, outcomes }: StepContext,
  { associations, denies, policies }: Credentials,
): readonly Check[] {
  const live = associations.filter(isLive);
  const checks = denies.map(({ change, outcome }, index): Check => {
    const wanted = sessionDeny.safeParse(change.after);
    const isThere = wanted.success && policyDenies(policies[index] ?? null, wanted.data);
    const written = writtenAt(outcome);
    const isInForce = written !== null && now >= written + PROPAGATION_MS;
    const isRenewable = wanted.success && wanted.data.deny === "role" && live.length > 0;
    const state = isThere ? (isInForce ? "denied" : "denied less than 60 s ago") : "not denied";
    return {
      kind: "credentials",
      what: `credentials of ${roleNameOf(change.resource)}`,
      ok: isThere && isInForce && !isRenewable,
      expected: "denied",
      observed: isRenewable ? `${state}, and the instance profile still gives new ones` : state,
    };
  });
  // Taking a profile away ends no credentials: without a deny, those it gave before still work.
  const removed = (outcomes["contain.instance-profile"] ?? []).map(
    ({ change }) => change.before as { readonly arn: string },
  );
  const profiles = [...new Set([...associations, ...removed].map(({ arn }) => arn))];
  const uncovered = profiles.map((arn): Check => ({
    kind: "credentials",
    what: `credentials through ${arn}`,
    ok: false,
    expected: "denied",
    observed: "not denied",
  }));
  return [...checks, ...(denies.length === 0 ? uncovered : [])];
}

/** Nobody knows whether they are sealed, so their flows are possible. */
function branchSurvivor(trunk: string): Survivor {
  return {
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
    what: `Session Manager session ${id}`,
    kind: "tcp",
    certainty: "indicated",
    why: `Systems Manager lists it as active, opened by ${owner}`,
    lever: "contain.ssm-sessions",
    blastRadius: "whoever uses this session",
  };
}

/** A session of another role does not carry the instance's ARN. Nothing here filters it, and nothing says that there is one. */
function chainedRoles(denies: readonly ChangeView[], associations: readonly ProfileAssociation[]): readonly Survivor[] {
  if (denies.length === 0 && associations.length === 0) return [];
  return [
    {
      what: "sessions of other roles that the instance assumed",
      kind: "credentials",
      certainty: "unfiltered",
      why: "a session that was assumed with the instance's credentials does not carry the instance's ARN",
      lever: "revoke the sessions of those roles",
      blastRadius: "everybody who uses those roles",
    },
  ];
}

/** Where credentials were used from is the address of a caller of AWS's API, no peer of the instance. */
function indicationOf({ id, type, channel, remoteAddresses }: Finding): Indication {
  return { findingId: id, type, channel, remotes: channel === "credentials" ? [] : remoteAddresses };
}
