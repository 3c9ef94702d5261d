import { inlinePolicy } from "../../aws/roles.ts";
import type { Change } from "../../core/change.ts";
import type { Json } from "../../core/json.ts";
import type { StepContext, Verification } from "../../core/step.ts";
import { expectThat } from "../../core/step.ts";
import { reasonWithoutRoom, roleNameOf, ROLE_WIDE_AHEAD_MS, writtenAt } from "./deny-sessions-claims.ts";
import {
  agentExceptedUntil,
  DENY_POLICY,
  deniesRoleBefore,
  policyDenies,
  type SessionDeny,
} from "./deny-sessions-policy.ts";

/** IAM says "minutes" without a number; this is how long we wait before we count a written policy as in force. */
export const PROPAGATION_MS = 60_000;

/** How long a claim on a role may take until it is in force. */
export const SETTLES_WITHIN_MS = 120_000;

/** Reads the policy back, and says whether it denies what the change asks for, everywhere. */
export async function verifyDeny(
  { aws, now }: StepContext,
  { resource, after }: Change<null, SessionDeny>,
  outcome: Json,
): Promise<Verification> {
  const document = await inlinePolicy(aws.iam, { roleName: roleNameOf(resource), policyName: DENY_POLICY });
  const agentUntil = policyDenies(document, after) ? null : agentUntilOf(document, after, outcome);
  const isThere = agentUntil !== null || policyDenies(document, after);
  const full = isThere || after.deny !== "instance" ? null : reasonWithoutRoom(outcome, after.instanceArn);
  if (full !== null) return { kind: "failed", what: `sessions of ${resource}`, expected: "denied", observed: full };
  const written = writtenAt(outcome);
  const isInForce = written !== null && now >= written + PROPAGATION_MS;
  const denied = agentUntil === null || now >= Date.parse(agentUntil) ? "denied" : butForAgent(agentUntil);
  const observed = isThere ? (isInForce ? denied : "written, not in force everywhere yet") : "not denied";
  const seen = expectThat(`sessions of ${resource}`, isThere && isInForce, { expected: "denied", observed });
  const isOnItsWay = isThere && written !== null && seen.kind === "notYet";
  return isOnItsWay ? { ...seen, notBefore: written + PROPAGATION_MS } : seen;
}

/** What is said of sessions whose agent still may call. */
export function butForAgent(until: string): string {
  return `denied, but for calls of the agent of Systems Manager until ${until}`;
}

/**
 * Until when a policy's text lets the agent of the instance go on, where that was asked for and is over in time; null where it
 * was not, and where more than that is let through.
 */
export function agentUntilOf(document: string | null, wanted: SessionDeny, outcome: Json): string | null {
  if (wanted.deny !== "instance" || wanted.agentForMs === undefined) return null;
  const until = agentExceptedUntil(document, wanted.instanceArn);
  const written = writtenAt(outcome);
  if (until === null || written === null) return null;
  return Date.parse(until) <= written + wanted.agentForMs ? until : null;
}

/** When the role-wide deny of a policy's text is in force everywhere, in milliseconds since 1970; null where it does not cover tokens up to this time. */
export function roleWideInForceAt(document: string | null, tokensUntil: number): number | null {
  const before = deniesRoleBefore(document);
  if (before === null || Date.parse(before) < tokensUntil) return null;
  return Date.parse(before) - ROLE_WIDE_AHEAD_MS + PROPAGATION_MS;
}

/** When the instance's profile was seen to be gone, in milliseconds since 1970: no token is younger. Null where nothing took it. */
export function profileGoneAt({ outcomes }: Pick<StepContext, "outcomes">): number | null {
  const views = [...(outcomes["contain.instance-profile"] ?? []), ...(outcomes["preserve.collection-profile"] ?? [])];
  const times = views.flatMap(({ state, verifiedAt }) =>
    state === "verified" && verifiedAt !== null ? [verifiedAt] : [],
  );
  return times.length === views.length && times.length > 0 ? Math.max(...times) : null;
}
