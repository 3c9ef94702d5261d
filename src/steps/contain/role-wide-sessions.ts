import { z } from "zod";
import { associationsOf, instancesWithProfiles, isLive, profilesOfRole } from "../../aws/instance-profiles.ts";
import { inlinePolicy } from "../../aws/roles.ts";
import type { ChangeDraft, Left } from "../../core/change.ts";
import type { StepContext } from "../../core/step.ts";
import { defineSharedStep } from "../../core/step.ts";
import { reasonWithoutRoom, reconcileDenyPolicy, roleNameOf } from "./deny-sessions-claims.ts";
import { DENY_POLICY, LONGEST_SESSION_MS, type SessionDeny, sessionDeny } from "./deny-sessions-policy.ts";
import { profileGoneAt, roleWideInForceAt, SETTLES_WITHIN_MS, verifyDeny } from "./deny-sessions-proof.ts";

const NARROW = "contain.role-sessions";

/**
 * Ends every session of a role by the time of its token, where the role's policy has no room for the instance's name.
 *
 * One inline policy names at most 120 instances. For those beyond, `contain.role-sessions` fails, and this step denies what
 * any session of the role got before now. It hits all instances with the role and whoever else assumed it, until they have
 * renewed their credentials, which instances do by themselves. So it belongs in a stage that asks.
 *
 * Waits until the instance's profile is gone, as it would get new tokens otherwise. Where another case has had the role denied
 * since, that covers this one, and nothing is changed.
 */
export const roleWideSessions = defineSharedStep({
  id: "contain.role-wide-sessions",
  title: "End all sessions of a role that has no room left",
  reversible: "equivalently",
  notRestored:
    "For 12 hours after release, sessions of the role from before the deny stay denied, so that release does not arm a thief again.",
  sharesLedgerOf: NARROW,
  needs: [NARROW, "contain.instance-profile"],
  reads: ["preserve.collection-profile"],
  settlesWithinMs: SETTLES_WITHIN_MS,
  permissions: {
    target: {
      plan: ["ec2:DescribeIamInstanceProfileAssociations", "iam:GetRolePolicy", "iam:ListInstanceProfilesForRole"],
      reconcile: ["iam:DeleteRolePolicy", "iam:GetRolePolicy", "iam:ListRolePolicies", "iam:PutRolePolicy"],
      verify: ["iam:GetRolePolicy"],
    },
  },
  input: z.strictObject({}),
  change: { before: z.null(), after: sessionDeny },

  async plan(context) {
    const without = (context.outcomes[NARROW] ?? []).filter(({ change, outcome }) => {
      const { instanceArn } = sessionDeny.parse(change.after);
      return reasonWithoutRoom(outcome, instanceArn) !== null;
    });
    const planned = await Promise.all(
      without.map(({ change }) => planRole(context, change.resource, sessionDeny.parse(change.after).instanceArn)),
    );
    return {
      changes: planned.flatMap((each) => ("after" in each ? [each] : [])),
      left: planned.flatMap((each) => ("reason" in each ? [each] : [])),
    };
  },

  reconcile: reconcileDenyPolicy,

  verify: verifyDeny,

  residue({ now }, { after }) {
    const { instanceArn } = after as SessionDeny;
    return { value: { deny: "roleReleased", instanceArn }, until: now + LONGEST_SESSION_MS };
  },
});

async function planRole(
  context: StepContext,
  resource: string,
  instanceArn: string,
): Promise<ChangeDraft<null, SessionDeny> | Left> {
  const { aws, target } = context;
  const roleName = roleNameOf(resource);
  const [document, profiles] = await Promise.all([
    inlinePolicy(aws.iam, { roleName, policyName: DENY_POLICY }),
    profilesOfRole(aws.iam, roleName),
  ]);
  const until = profileGoneAt(context) ?? (await lastTokens(context, profiles));
  if (until === null) {
    return { resource, reason: "the instance still has its profile, and would have newer sessions at once" };
  }
  if (roleWideInForceAt(document, until) !== null) {
    return { resource, reason: "every session of the role from before the cut is denied already" };
  }
  const instances = await instancesWithProfiles(aws.ec2, profiles);
  return {
    resource,
    attribute: "every-session",
    before: null,
    after: { deny: "role", instanceArn, tokensUntil: new Date(until).toISOString() },
    // The same for every case that finds no room: who agrees once has agreed for all of them.
    approves: { deny: "every session of the role from before the deny" },
    claim: { member: "every-session" },
    blastRadius: {
      what:
        `Every session of ${resource} from before the deny fails until it is renewed: ` +
        "all instances with this role, in every Region, and whoever else assumed it",
      resources: [],
      presently: instances.filter((id) => id !== target.instanceId).sort(),
    },
  };
}

/** When the instance can have got its last token: by now, if no live profile holds the role. */
async function lastTokens({ aws, target, now }: StepContext, profiles: readonly string[]): Promise<number | null> {
  const associations = await associationsOf(aws.ec2, target.instanceId);
  return associations.some((each) => isLive(each) && profiles.includes(each.arn)) ? null : now;
}
