import { z } from "zod";
import { associationsOf } from "../../aws/instance-profiles.ts";
import type { ChangeDraft } from "../../core/change.ts";
import { durationMs } from "../../core/playbook.ts";
import type { StepContext } from "../../core/step.ts";
import { defineSharedStep } from "../../core/step.ts";
import { PROFILE_STEPS } from "../case-profiles.ts";
import { rolesOfCase } from "../roles-of-case.ts";
import { reconcileDenyPolicy } from "./deny-sessions-claims.ts";
import { LONGEST_SESSION_MS, type SessionDeny, sessionDeny } from "./deny-sessions-policy.ts";
import { SETTLES_WITHIN_MS, verifyDeny } from "./deny-sessions-proof.ts";

const ID = "contain.role-sessions";

/** Collections that the agent of Systems Manager carries out. */
const COLLECTING = ["preserve.live-response", "preserve.memory-capture"] as const;

/** A command of theirs ends within it. */
const COLLECTED_WITHIN = "15m";

const input = z.strictObject({
  agent: z
    .union([
      z.enum(["auto", "never"]),
      z.string().refine((text) => durationMs(text) !== null, "expected a duration such as 10m"),
    ])
    .default("auto")
    .describe(
      "For how long the agent of Systems Manager may go on calling, for a collection beside the cut; `auto`: 15m where one is under way.",
    ),
});

/**
 * Ends the credentials that the instance got, also where they were copied to, and leaves the role's other users alone.
 *
 * One inline policy per role denies everything to the sessions of the claimed instances. It has room for 120 of them: beyond
 * that it fails, and `contain.role-wide-sessions` asks whether to deny the whole role.
 *
 * While evidence is collected through the agent of Systems Manager, and nothing lends it a restricted profile, the agent's own
 * calls are left out of the deny: those, and no others, for a time that the policy itself ends. Whoever has the credentials can
 * make them as well, so until then the instance counts as contained in part.
 *
 * Denies what was stolen, not what is attached now: every role that the instance's profile, the case or a finding names, also
 * after the profile was swapped or removed, or the instance has ended.
 *
 * Sessions of other roles that the instance assumed with its own do not carry the instance's ARN and are not reached.
 */
export const roleSessions = defineSharedStep({
  id: ID,
  title: "End the sessions of the instance's role",
  reversible: "equivalently",
  notRestored:
    "For 12 hours after release, credentials that the instance got before it stay denied, so that release does not arm a thief again.",
  settlesWithinMs: SETTLES_WITHIN_MS,
  // Runs beside this one: once the profile is gone, only what was planned there still names it.
  reads: [...PROFILE_STEPS, ...COLLECTING],
  permissions: {
    target: {
      plan: ["ec2:DescribeIamInstanceProfileAssociations", "iam:GetInstanceProfile", "iam:GetRole"],
      reconcile: ["iam:DeleteRolePolicy", "iam:GetRolePolicy", "iam:ListRolePolicies", "iam:PutRolePolicy"],
      verify: ["iam:GetRolePolicy"],
    },
  },
  input,
  change: { before: z.null(), after: sessionDeny },

  async plan(context, { agent }) {
    const { aws, target } = context;
    const associations = await associationsOf(aws.ec2, target.instanceId);
    const { roles, unknown } = await rolesOfCase(context, associations);
    const editable = roles.filter(({ path }) => reasonNotEditable(path) === null);
    const known = (context.outcomes[ID] ?? []).map(({ change }) => change.resource);
    const arns = [...new Set([...editable.map(({ arn }) => arn), ...known])];
    const agentForMs = agentTime(context, agent);
    const changes = arns.map((arn) => draft(context, arn, agentForMs));
    const refused = roles.flatMap(({ arn, path }) => {
      const reason = reasonNotEditable(path);
      return reason === null ? [] : [{ resource: arn, reason }];
    });
    const left = [...refused, ...unknown];
    const none = {
      resource: target.instanceId,
      reason: "it has no instance profile, and no finding names a role: there are no sessions to end",
    };
    return { changes, left: arns.length + left.length === 0 ? [none] : left };
  },

  reconcile: reconcileDenyPolicy,

  verify: verifyDeny,

  residue({ now }, { after }) {
    const { instanceArn } = after as SessionDeny;
    const until = now + LONGEST_SESSION_MS;
    // Whole seconds, as tokens are dated. Rounded down: what the released instance gets in this very second must work.
    const issuedBefore = `${new Date(Math.floor(now / 1000) * 1000).toISOString().slice(0, 19)}Z`;
    return { value: { deny: "released", instanceArn, issuedBefore }, until };
  },
});

/** A length and no time: what people agreed to is the same when it is planned again. */
function agentTime({ outcomes }: StepContext, agent: string): number | null {
  const isLent = (outcomes["preserve.collection-profile"] ?? []).length > 0;
  const views = COLLECTING.flatMap((id) => outcomes[id] ?? []);
  const isUnderWay = views.some(({ state }) => state === "planned" || state === "started");
  if (agent === "never" || isLent || (views.length > 0 && !isUnderWay)) return null;
  if (agent === "auto") return isUnderWay ? durationMs(COLLECTED_WITHIN) : null;
  return durationMs(agent);
}

function draft({ target }: StepContext, roleArn: string, agentForMs: number | null): ChangeDraft<null, SessionDeny> {
  const partition = roleArn.split(":")[1] ?? "aws";
  const instanceArn = `arn:${partition}:ec2:${target.region}:${target.account}:instance/${target.instanceId}`;
  return {
    resource: roleArn,
    attribute: "sessions",
    before: null,
    after: { deny: "instance", instanceArn, ...(agentForMs === null ? {} : { agentForMs }) },
    claim: { member: instanceArn },
    // How long the agent may go on is no part of what people agree to: it falls away when the collecting has ended.
    approves: { deny: "instance", instanceArn },
  };
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html */
export function reasonNotEditable(path: string): string | null {
  if (path.startsWith("/aws-service-role/")) return "service-linked: only its service may change it";
  if (path.startsWith("/aws-reserved/")) return "managed by IAM Identity Center: its sessions end there";
  return null;
}
