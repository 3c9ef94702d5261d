/** Whether a role's credentials are denied now, from the policy as it was read back. */
import { isLive } from "../../aws/instance-profiles.ts";
import type { Survivor } from "../../core/containment.ts";
import { sha256 } from "../../core/json.ts";
import type { ChangeView, StepContext } from "../../core/step.ts";
import { reasonWithoutRoom, roleNameOf, writtenAt } from "../contain/deny-sessions-claims.ts";
import { policyDenies, type SessionDeny, sessionDeny } from "../contain/deny-sessions-policy.ts";
import {
  agentUntilOf,
  butForAgent,
  profileGoneAt,
  PROPAGATION_MS,
  reasonNotDenied,
  roleWideInForceAt,
} from "../contain/deny-sessions-proof.ts";
import { isWrittenByCordon } from "../contain/deny-sessions-reading.ts";
import { reasonNotEditable } from "../contain/role-sessions.ts";
import type { Credentials } from "./credentials.ts";

/** The deny is there, as it was written. */
export interface Denied {
  readonly kind: "denied";
  /** When it counts as in force everywhere, in milliseconds since 1970. */
  readonly inForceAt: number;
  /** When it was first read back; null if this is the first time. */
  readonly firstReadAt: number | null;
  /** SHA-256 of the policy's text. */
  readonly page: string;
}

export type DenyState = Denied | { readonly kind: "open"; readonly survivor: Survivor };

/** Names the way of a role's credentials in every proof of a case. */
export function credentialWay(
  roleArn: string,
  sessions: "instance" | "minted",
): Required<Pick<Survivor, "way" | "scope">> {
  return {
    way: `credential ${roleArn} ${sessions}`,
    scope: { kind: "credential", principal: roleArn, sessions },
  };
}

/** By the instance's name, or, once its profile is gone, by the token time of the whole role. */
export function denyStateOf(context: StepContext, read: Credentials, roleArn: string): DenyState {
  const view = read.denies.find(({ change }) => change.resource === roleArn);
  const document = read.policies.get(roleArn) ?? null;
  if (view === undefined) return open(roleArn, reasonWithoutDeny(read, roleArn));
  const wanted = sessionDeny.safeParse(view.change.after);
  const written = writtenAt(view.outcome);
  if (!wanted.success || written === null) return open(roleArn, "the deny was planned and not written");
  const agentUntil = policyDenies(document, wanted.data) ? null : agentUntilOf(document, wanted.data, view.outcome);
  if (agentUntil !== null && context.now < Date.parse(agentUntil)) return forAgent(roleArn, agentUntil);
  if (isWrittenByCordon(document) && (agentUntil !== null || policyDenies(document, wanted.data))) {
    return {
      kind: "denied",
      inForceAt: Math.max(written, agentUntil === null ? 0 : Date.parse(agentUntil)) + PROPAGATION_MS,
      firstReadAt: view.verifiedAt,
      page: sha256(document),
    };
  }
  return wideOf(context, read, { roleArn, document }) ?? undenied({ view, wanted: wanted.data, document });
}

/** The deny of every session of the role covers the instance once it gets no newer token. */
function wideOf(
  context: StepContext,
  { associations }: Credentials,
  { roleArn, document }: { readonly roleArn: string; readonly document: string | null },
): Denied | null {
  const until = associations.some(isLive) ? null : tokensUntil(context, roleArn);
  const inForceAt = until === null ? null : roleWideInForceAt(document, until);
  if (inForceAt === null || document === null) return null;
  const own = wideView(context, roleArn);
  return { kind: "denied", inForceAt, firstReadAt: own?.verifiedAt ?? null, page: sha256(document) };
}

function undenied(seen: {
  readonly view: ChangeView;
  readonly wanted: SessionDeny;
  readonly document: string | null;
}): DenyState {
  const { view, wanted, document } = seen;
  const roleArn = view.change.resource;
  const without = reasonWithoutRoom(view.outcome, wanted.instanceArn);
  if (without === null) return open(roleArn, reasonNotDenied(document));
  return {
    kind: "open",
    survivor: {
      code: "credentials.no-room",
      ...credentialWay(roleArn, "instance"),
      what: `credentials of ${roleNameOf(roleArn)}`,
      kind: "credentials",
      certainty: "indicated",
      why: without,
      lever: "contain.role-wide-sessions",
      blastRadius: `all instances with ${roleArn}, and whoever else assumed it, until they renew`,
    },
  };
}

function open(roleArn: string, why: string): DenyState {
  return { kind: "open", survivor: notDenied(roleArn, why) };
}

function reasonWithoutDeny({ roles }: Credentials, roleArn: string): string {
  const path = roles.find(({ arn }) => arn === roleArn)?.path ?? "/";
  return reasonNotEditable(path) ?? "not denied: no deny was written on this role";
}

function notDenied(roleArn: string, why: string): Survivor {
  return {
    code: "credentials.not-denied",
    ...credentialWay(roleArn, "instance"),
    what: `credentials of ${roleNameOf(roleArn)}`,
    kind: "credentials",
    certainty: "indicated",
    why,
    lever: "contain.role-sessions",
    blastRadius: "nobody but this instance's sessions of the role",
  };
}

/** While evidence is collected through the agent, a thief can make the agent's calls as well. */
function forAgent(roleArn: string, until: string): DenyState {
  return {
    kind: "open",
    survivor: {
      code: "credentials.agent",
      ...credentialWay(roleArn, "instance"),
      what: `calls of the agent of Systems Manager with credentials of ${roleNameOf(roleArn)}`,
      kind: "credentials",
      certainty: "indicated",
      why: butForAgent(until),
      lever: "contain.role-sessions with agent never",
      blastRadius: "the collection that uses the agent",
    },
  };
}

/** When the instance can have got its last token: as the role-wide deny was planned for, else when its profile was gone. */
function tokensUntil(context: StepContext, role: string): number | null {
  const after = wideView(context, role)?.change.after as SessionDeny | undefined;
  return after?.deny === "role" ? Date.parse(after.tokensUntil) : profileGoneAt(context);
}

function wideView({ outcomes }: Pick<StepContext, "outcomes">, role: string): ChangeView | undefined {
  return (outcomes["contain.role-wide-sessions"] ?? []).find(({ change }) => change.resource === role);
}
