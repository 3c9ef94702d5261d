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
import { isWrittenByCordon } from "./deny-sessions-reading.ts";

/**
 * IAM says that a change may take "a few minutes" and gives no bound; a written policy counts as in force after this time.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
 */
export const PROPAGATION_MS = 600_000;

/** How long the policy may take to be read back as it was written. When it is in force is the proof's question. */
export const SETTLES_WITHIN_MS = 120_000;

/**
 * Reads the policy back, and says whether it is the one that Cordon wrote, as a whole, and denies what the change asks for.
 * It does not say that the deny is in force everywhere: `assess.containment` waits for that.
 */
export async function verifyDeny(
  { aws, now }: StepContext,
  { resource, after }: Change<null, SessionDeny>,
  outcome: Json,
): Promise<Verification> {
  const document = await inlinePolicy(aws.iam, { roleName: roleNameOf(resource), policyName: DENY_POLICY });
  const isOurs = isWrittenByCordon(document);
  const agentUntil = policyDenies(document, after) ? null : agentUntilOf(document, after, outcome);
  const isThere = isOurs && (agentUntil !== null || policyDenies(document, after));
  const full = isThere || after.deny !== "instance" ? null : reasonWithoutRoom(outcome, after.instanceArn);
  if (full !== null) return { kind: "failed", what: `sessions of ${resource}`, expected: "denied", observed: full };
  const denied = agentUntil === null || now >= Date.parse(agentUntil) ? "denied" : butForAgent(agentUntil);
  const observed = isThere ? denied : reasonNotDenied(document);
  return expectThat(`sessions of ${resource}`, isThere, { expected: "denied", observed });
}

/** Why a policy's text does not count as the deny that was written. */
export function reasonNotDenied(document: string | null): string {
  if (document === null) return `not denied: the role has no inline policy ${DENY_POLICY}`;
  return isWrittenByCordon(document)
    ? `not denied: ${DENY_POLICY} does not name this instance`
    : `not denied: somebody changed ${DENY_POLICY}`;
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
  if (!isWrittenByCordon(document) || wanted.deny !== "instance" || wanted.agentForMs === undefined) return null;
  const until = agentExceptedUntil(document, wanted.instanceArn);
  const written = writtenAt(outcome);
  if (until === null || written === null) return null;
  return Date.parse(until) <= written + wanted.agentForMs ? until : null;
}

/** When the role-wide deny of a policy's text is in force everywhere, in milliseconds since 1970; null where it does not cover tokens up to this time. */
export function roleWideInForceAt(document: string | null, tokensUntil: number): number | null {
  const before = isWrittenByCordon(document) ? deniesRoleBefore(document) : null;
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
