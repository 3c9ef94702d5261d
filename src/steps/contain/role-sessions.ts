import { z } from "zod";
import { associationsOf, instancesWithProfiles, profilesOfRole, rolesOfProfile } from "../../aws/instance-profiles.ts";
import { inlinePolicy } from "../../aws/roles.ts";
import type { ChangeDraft } from "../../core/change.ts";
import type { StepContext } from "../../core/step.ts";
import { defineSharedStep, expectThat } from "../../core/step.ts";
import type { SessionDeny } from "./deny-sessions-policy.ts";
import { DENY_POLICY, policyDenies, sessionDeny } from "./deny-sessions-policy.ts";
import { reasonWithoutRoom, reconcileDenyPolicy, roleNameOf, writtenAt } from "./deny-sessions-claims.ts";

const input = z.strictObject({ mode: z.enum(["instance", "role"]).default("instance") });

const ID = "contain.role-sessions";

/** IAM says "minutes" without a number; this is how long we wait before we count a written policy as in force. */
const PROPAGATION_MS = 60_000;

/** No session of a role outlives 12 hours, so no token is older. */
const LONGEST_SESSION_MS = 12 * 3_600_000;

/**
 * Ends the credentials that the instance got, also where they were copied to, and leaves the role's other users alone.
 *
 * One inline policy per role denies everything to the sessions of the claimed instances. `mode: "role"` denies every
 * session of the role that is older than the deny instead, whoever started it: for roles whose list is full.
 *
 * Sessions of other roles that the instance assumed with its own do not carry the instance's ARN and are not reached.
 */
export const roleSessions = defineSharedStep({
  id: ID,
  title: "End the sessions of the instance's role",
  reversible: "equivalently",
  notRestored:
    "For 12 hours after release, credentials that the instance got before it stay denied, so that release does not arm a thief again.",
  settlesWithinMs: 120_000,
  // Runs beside this one: once the profile is gone, only what was planned there still names it.
  reads: ["contain.instance-profile", "preserve.collection-profile"],
  permissions: {
    target: {
      plan: ["ec2:DescribeIamInstanceProfileAssociations", "iam:GetInstanceProfile", "iam:ListInstanceProfilesForRole"],
      reconcile: ["iam:DeleteRolePolicy", "iam:GetRolePolicy", "iam:ListRolePolicies", "iam:PutRolePolicy"],
      verify: ["iam:GetRolePolicy"],
    },
  },
  input,
  change: { before: z.null(), after: sessionDeny },

  async plan(context, { mode }) {
    const { aws, target } = context;
    const associations = await associationsOf(aws.ec2, target.instanceId);
    const names = new Set([...associations.map(({ name }) => name), ...removedProfiles(context)]);
    const roles = (await Promise.all([...names].map((name) => rolesOfProfile(aws.iam, name)))).flat();
    const editable = roles.filter(({ path }) => reasonNotEditable(path) === null);
    const known = (context.outcomes[ID] ?? []).map(({ change }) => change.resource);
    const arns = [...new Set([...editable.map(({ arn }) => arn), ...known])];
    const changes = await Promise.all(arns.map((arn) => draft(context, arn, mode)));
    const left = roles.flatMap(({ arn, path }) => {
      const reason = reasonNotEditable(path);
      return reason === null ? [] : [{ resource: arn, reason }];
    });
    const none = {
      resource: target.instanceId,
      reason: "it has no instance profile, hence no role whose sessions to end",
    };
    return { changes, left: arns.length + left.length === 0 ? [none] : left };
  },

  reconcile: reconcileDenyPolicy,

  async verify({ aws, now }, { resource, after }, outcome) {
    const document = await inlinePolicy(aws.iam, { roleName: roleNameOf(resource), policyName: DENY_POLICY });
    const isThere = policyDenies(document, after);
    const full = isThere ? null : reasonWithoutRoom(outcome, after.instanceArn);
    if (full !== null) return { kind: "failed", what: `sessions of ${resource}`, expected: "denied", observed: full };
    const written = writtenAt(outcome);
    const isInForce = written !== null && now >= written + PROPAGATION_MS;
    const observed = isThere ? (isInForce ? "denied" : "written, not in force everywhere yet") : "not denied";
    const seen = expectThat(`sessions of ${resource}`, isThere && isInForce, { expected: "denied", observed });
    const isOnItsWay = isThere && written !== null && seen.kind === "notYet";
    return isOnItsWay ? { ...seen, notBefore: written + PROPAGATION_MS } : seen;
  },

  residue({ now }, { after }) {
    const { deny, instanceArn } = after as SessionDeny;
    const until = now + LONGEST_SESSION_MS;
    if (deny === "role" || deny === "roleReleased") return { value: { deny: "roleReleased", instanceArn }, until };
    // Whole seconds, as tokens are dated. Rounded down: what the released instance gets in this very second must work.
    const issuedBefore = `${new Date(Math.floor(now / 1000) * 1000).toISOString().slice(0, 19)}Z`;
    return { value: { deny: "released", instanceArn, issuedBefore }, until };
  },
});

/** Profiles that the case took away, and the one that it gave for collecting: their sessions live on. */
function removedProfiles({ outcomes }: StepContext): readonly string[] {
  const views = [...(outcomes["contain.instance-profile"] ?? []), ...(outcomes["preserve.collection-profile"] ?? [])];
  const profiles = views.flatMap(({ change, state }) => [
    change.before,
    ...(state === "planned" ? [] : [change.after]),
  ]);
  return profiles.flatMap((profile) => (profile === null ? [] : [(profile as { readonly name: string }).name]));
}

async function draft(
  { aws, target }: StepContext,
  roleArn: string,
  mode: "instance" | "role",
): Promise<ChangeDraft<null, SessionDeny>> {
  const partition = roleArn.split(":")[1] ?? "aws";
  const instanceArn = `arn:${partition}:ec2:${target.region}:${target.account}:instance/${target.instanceId}`;
  const claim = { resource: roleArn, attribute: "sessions", before: null, claim: { member: instanceArn } };
  if (mode === "instance") return { ...claim, after: { deny: "instance", instanceArn } };

  const profiles = await profilesOfRole(aws.iam, roleNameOf(roleArn));
  const instances = await instancesWithProfiles(aws.ec2, profiles);
  const others = instances.filter((id) => id !== target.instanceId).sort();
  const what =
    `Every session of ${roleArn} that is older than the deny fails until it is renewed: ` +
    `the ${others.length} other instances with this role in ${target.region}, and whoever else assumed it.`;
  return { ...claim, after: { deny: "role", instanceArn }, blastRadius: { what, resources: others } };
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html */
function reasonNotEditable(path: string): string | null {
  if (path.startsWith("/aws-service-role/")) return "service-linked: only its service may change it";
  if (path.startsWith("/aws-reserved/")) return "managed by IAM Identity Center: its sessions end there";
  return null;
}
