import type { ProfileAssociation } from "../../aws/instance-profiles.ts";
import { isLive } from "../../aws/instance-profiles.ts";
import type { Check, Survivor } from "../../core/containment.ts";
import type { ChangeView, StepContext } from "../../core/step.ts";
import { reasonWithoutRoom, roleNameOf, writtenAt } from "../contain/deny-sessions-claims.ts";
import { policyDenies, type SessionDeny, sessionDeny } from "../contain/deny-sessions-policy.ts";
import {
  agentUntilOf,
  butForAgent,
  profileGoneAt,
  PROPAGATION_MS,
  roleWideInForceAt,
} from "../contain/deny-sessions-proof.ts";

/** What was read about the credentials that the instance got. */
export interface Credentials {
  readonly associations: readonly ProfileAssociation[];
  /** The denies of `contain.role-sessions`, and the text of each one's policy as it is now. */
  readonly denies: readonly ChangeView[];
  readonly policies: readonly (string | null)[];
}

/**
 * The sessions of each role that the instance had, and new ones through its profile.
 * A profile that is still there gives credentials too; a deny on its role by the instance's ARN covers those as well, one of
 * the whole role by the time of the token does not.
 */
export function credentialChecks(context: StepContext, read: Credentials): readonly Check[] {
  const { associations, denies } = read;
  const checks = denies.map((view, index): Check => {
    const agentUntil = openAgentUntil(context, view, read.policies[index] ?? null);
    if (agentUntil !== null) {
      const what = `calls of the agent of Systems Manager with ${nameOf(view)}`;
      const observed = butForAgent(agentUntil);
      return { kind: "credentials", code: "credentials.agent", what, ok: false, expected: "denied", observed };
    }
    const state = denyState(context, read, index);
    return {
      kind: "credentials",
      code: "credentials.role",
      what: nameOf(view),
      ok: state === "denied",
      expected: "denied",
      observed: state === "not denied" ? (reasonOf(view) ?? state) : state,
    };
  });
  // Taking a profile away ends no credentials: without a deny, those it gave before still work.
  const removed = (context.outcomes["contain.instance-profile"] ?? []).map(
    ({ change }) => change.before as { readonly arn: string },
  );
  const profiles = [...new Set([...associations, ...removed].map(({ arn }) => arn))];
  const uncovered = profiles.map((arn): Check => ({
    kind: "credentials",
    code: "credentials.profile",
    what: `credentials through ${arn}`,
    ok: false,
    expected: "denied",
    observed: "not denied",
  }));
  return [...checks, ...(denies.length === 0 ? uncovered : [])];
}

/** Sessions that the role's policy has no room to name, with what would end them. */
export function sessionsWithoutRoom(context: StepContext, read: Credentials): readonly Survivor[] {
  return read.denies.flatMap((view, index): readonly Survivor[] => {
    const why = reasonOf(view);
    if (why === null || denyState(context, read, index) !== "not denied") return [];
    return [
      {
        code: "credentials.no-room",
        what: nameOf(view),
        kind: "credentials",
        certainty: "possible",
        why,
        lever: "contain.role-wide-sessions",
        blastRadius: `all instances with ${view.change.resource}, and whoever else assumed it, until they renew`,
      },
    ];
  });
}

function nameOf({ change }: ChangeView): string {
  return `credentials of ${roleNameOf(change.resource)}`;
}

function reasonOf({ change, outcome }: ChangeView): string | null {
  const wanted = sessionDeny.safeParse(change.after);
  return wanted.success ? reasonWithoutRoom(outcome, wanted.data.instanceArn) : null;
}

/** Until when the agent may still call, while evidence is collected through it; null where it may not, or no more. */
function openAgentUntil({ now }: StepContext, { change, outcome }: ChangeView, document: string | null): string | null {
  const wanted = sessionDeny.safeParse(change.after);
  if (!wanted.success || policyDenies(document, wanted.data)) return null;
  const until = agentUntilOf(document, wanted.data, outcome);
  return until !== null && now < Date.parse(until) ? until : null;
}

type DenyState = "denied" | "denied less than 60 s ago" | "not denied";

/** By the instance's name, or, once its profile is gone, by the token time of the whole role. */
function denyState(context: StepContext, { denies, policies, associations }: Credentials, index: number): DenyState {
  const { now } = context;
  const view = denies[index];
  const document = policies[index] ?? null;
  const wanted = sessionDeny.safeParse(view?.change.after);
  if (!view || !wanted.success) return "not denied";
  const written = writtenAt(view.outcome);
  const isThere = policyDenies(document, wanted.data) || agentUntilOf(document, wanted.data, view.outcome) !== null;
  if (isThere && written !== null) return inForce(now, written + PROPAGATION_MS);
  const until = associations.some(isLive) ? null : tokensUntil(context, view.change.resource);
  const at = until === null ? null : roleWideInForceAt(document, until);
  return at === null ? "not denied" : inForce(now, at);
}

function inForce(now: number, at: number): DenyState {
  return now >= at ? "denied" : "denied less than 60 s ago";
}

/** When the instance can have got its last token: as the role-wide deny was planned for, else when its profile was gone. */
function tokensUntil(context: StepContext, role: string): number | null {
  const own = (context.outcomes["contain.role-wide-sessions"] ?? []).find(({ change }) => change.resource === role);
  const after = own === undefined ? null : (own.change.after as SessionDeny);
  return after?.deny === "role" ? Date.parse(after.tokensUntil) : profileGoneAt(context);
}
