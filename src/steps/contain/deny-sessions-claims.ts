import { z } from "zod";
import { deleteInlinePolicy, inlinePolicies, putInlinePolicy } from "../../aws/roles.ts";
import { Refusal } from "../../core/errors.ts";
import type { Json } from "../../core/json.ts";
import { sha256 } from "../../core/json.ts";
import type { Claim, Ledger, StepContext } from "../../core/step.ts";
import {
  type AgentTimes,
  countedLength,
  DENY_POLICY,
  denyPolicy,
  MOST_INLINE_CHARACTERS,
  MOST_INSTANCES,
  type SessionDeny,
  sessionDeny,
  withFewerReleases,
} from "./deny-sessions-policy.ts";

/** What the ledger keeps about our policy. */
const record = z.strictObject({
  /** Hashes of the last documents that we meant to write: a crash or a stale read shows an earlier one. */
  hashes: z.array(z.string()),
  /** Milliseconds since 1970. */
  writtenAt: z.number(),
  /** The token time of the role-wide deny. */
  roleWide: z.object({ issuedBefore: z.string() }).nullable(),
  /** Whose sessions the policy denies by the instance, held or released: who has a place keeps it. */
  members: z.array(z.string()).default([]),
  /** Until when the agents of some of them may go on: set once, when the claim is first written. */
  agents: z.record(z.string(), z.string()).default({}),
});

type Record = z.infer<typeof record>;

const KEPT_HASHES = 16;

/** The console's own revocation dates 30 s ahead, for tokens issued while the policy spreads. */
export const ROLE_WIDE_AHEAD_MS = 30_000;

/** Writes the one policy that carries out all claims on a role; takes it away with the last. Called under the role's lock. */
export async function reconcileDenyPolicy({ aws, now }: StepContext, roleArn: string, ledger: Ledger): Promise<Json> {
  const roleName = roleNameOf(roleArn);
  const present = await inlinePolicies(aws.iam, roleName);
  const observed = present.get(DENY_POLICY) ?? null;
  const recorded = ledger.ours === null ? null : record.parse(ledger.ours);

  const claims = ledger.claims.filter(({ until }) => until === null || until > now);
  const isHeld = claims.some(({ until }) => until === null);
  const denies = claims.map(({ value }) => sessionDeny.parse(value));
  const roleWide = roleWideOf(claims, recorded, now);
  const foreign = [...present].flatMap(([name, text]) => (name === DENY_POLICY ? [] : [text]));
  refuseForeign({ roleArn, observed, recorded, isHeld });
  const agents = agentsOf(denies, recorded, now);
  const open = Object.fromEntries(Object.entries(agents).filter(([, until]) => Date.parse(until) > now));
  const { document, members, isFull } = fittingPolicy({ roleArn, denies, roleWide, foreign, recorded, agents: open });
  const outcome = { policy: DENY_POLICY, ...(isFull ? { denied: members.map(instanceIdOf) } : {}) };
  // Nobody found room: there is nothing to write, and whoever asked is told so by his verification.
  if (document === null && recorded === null) return { ...outcome, writtenAt: now };
  const hash = sha256(document ?? "");
  // What we read may be stale: it counts only where it agrees with what we last meant to write. An absence never counts.
  if (document !== null && observed === document && recorded?.hashes.at(-1) === hash) {
    return { ...outcome, writtenAt: recorded.writtenAt };
  }
  const hashes = [...(recorded?.hashes ?? []).filter((each) => each !== hash), hash].slice(-KEPT_HASHES);
  const next: Record = { hashes, writtenAt: now, roleWide, members: [...members], agents };
  await ledger.save({ original: ledger.original ?? { policy: null }, ours: next });
  if (document === null) await deleteInlinePolicy(aws.iam, { roleName, policyName: DENY_POLICY });
  else await putInlinePolicy(aws.iam, { roleName, policyName: DENY_POLICY, document });
  return { ...outcome, writtenAt: now };
}

/** When the policy was written, out of the outcome of `reconcile`. */
export function writtenAt(outcome: Json): number | null {
  const parsed = z.object({ writtenAt: z.number() }).safeParse(outcome);
  return parsed.success ? parsed.data.writtenAt : null;
}

/** Why the sessions of an instance are not denied though they were claimed: the policy had no room. Null where it had. */
export function reasonWithoutRoom(outcome: Json, instanceArn: string): string | null {
  const parsed = z.object({ denied: z.array(z.string()) }).safeParse(outcome);
  if (!parsed.success || parsed.data.denied.includes(instanceIdOf(instanceArn))) return null;
  const { length } = parsed.data.denied;
  const names = length === 1 ? "one name" : `${length} names`;
  return `not denied: the policy has room for ${names} of instances; contain.role-wide-sessions denies the whole role, once a person agrees`;
}

function instanceIdOf(instanceArn: string): string {
  return instanceArn.slice(instanceArn.lastIndexOf("/") + 1);
}

/** The last part of a role's ARN: paths are not part of its name. */
export function roleNameOf(roleArn: string): string {
  return roleArn.slice(roleArn.lastIndexOf("/") + 1);
}

/**
 * Keeps the token time of the role-wide deny for as long as it covers every claim: a later one would end the sessions that the
 * role's other users have renewed since. It moves on for an instance that may have got tokens after it.
 */
function roleWideOf(claims: readonly Claim[], recorded: Record | null, now: number): Record["roleWide"] {
  const values = claims.map(({ value }) => sessionDeny.parse(value));
  if (!values.some(({ deny }) => isOfRole(deny))) return null;
  const needed = values.flatMap((value) => (value.deny === "role" ? [Date.parse(value.tokensUntil)] : []));
  const before = recorded?.roleWide ?? null;
  if (needed.length === 0) return before;
  const latest = Math.max(...needed);
  if (before !== null && Date.parse(before.issuedBefore) >= latest) return before;
  // Whole seconds, as tokens are dated; never ahead by more, since the time tells others when the policy was written.
  const time = Math.max(Math.floor((now + ROLE_WIDE_AHEAD_MS) / 1000), Math.ceil(latest / 1000)) * 1000;
  return { issuedBefore: `${new Date(time).toISOString().slice(0, 19)}Z` };
}

/** An exception of one claim is none where another claim on the same instance has none. */
function agentsOf(denies: readonly SessionDeny[], recorded: Record | null, now: number): AgentTimes {
  const held = denies.flatMap((each) => (each.deny === "instance" ? [each] : []));
  const times = new Map<string, string>();
  for (const { instanceArn } of held) {
    const lengths = held.flatMap((each) => (each.instanceArn === instanceArn ? [each.agentForMs ?? 0] : []));
    const agentForMs = Math.min(...lengths);
    if (agentForMs <= 0) continue;
    const until = Math.floor((now + agentForMs) / 1000) * 1000;
    times.set(instanceArn, recorded?.agents[instanceArn] ?? `${new Date(until).toISOString().slice(0, 19)}Z`);
  }
  return Object.fromEntries(times);
}

/**
 * A policy of our name that we never wrote is somebody's own. One that we wrote and somebody edited is written anew while a
 * case needs its deny (an intruder may edit it), and is left as it is at the release, for people to look at.
 */
function refuseForeign(seen: {
  readonly roleArn: string;
  readonly observed: string | null;
  readonly recorded: Record | null;
  readonly isHeld: boolean;
}): void {
  const { roleArn, observed, recorded, isHeld } = seen;
  if (observed === null) return;
  if (recorded === null) {
    const reason = `it has an inline policy ${DENY_POLICY} that Cordon did not write`;
    throw new Refusal("claim_conflict", { resource: roleArn, reason });
  }
  if (!isHeld && !recorded.hashes.includes(sha256(observed))) {
    const resource = `${DENY_POLICY} of ${roleArn}`;
    throw new Refusal("changed_since", { resource, expected: "the policy as Cordon wrote it", observed });
  }
}

interface Fitting {
  readonly roleArn: string;
  readonly denies: readonly SessionDeny[];
  readonly roleWide: Record["roleWide"];
  /** The role's other inline policies: all together share one quota. */
  readonly foreign: readonly string[];
  readonly recorded: Record | null;
  readonly agents: AgentTimes;
}

/**
 * The policy with as many instances as it has room for. Those who have a place keep it, also for what stays of them after their
 * release; whoever comes too late is told so, and takes nothing away from the others. The deny of the whole role goes before
 * all of them, and an instance's place before what another's agent may go on doing.
 */
function fittingPolicy({ roleArn, denies, roleWide, foreign, recorded, agents }: Fitting): {
  readonly document: string | null;
  readonly members: readonly string[];
  readonly isFull: boolean;
} {
  const held = new Set(denies.flatMap(({ deny, instanceArn }) => (deny === "instance" ? [instanceArn] : [])));
  const released = new Set(denies.flatMap(({ deny, instanceArn }) => (deny === "released" ? [instanceArn] : [])));
  // Who was released without ever having had a place was never denied, and need not be now.
  const placed = (recorded?.members ?? []).filter((arn) => held.has(arn) || released.has(arn));
  const ordered = [...new Set([...placed, ...[...held].sort()])];
  const taken = foreign.reduce((sum, text) => sum + countedLength(text), 0);
  for (let room = Math.min(ordered.length, MOST_INSTANCES); room >= 0; room--) {
    const members = ordered.slice(0, room);
    const ofMembers = denies.filter(({ deny, instanceArn }) => isOfRole(deny) || members.includes(instanceArn));
    for (let fits: readonly SessionDeny[] | null = ofMembers; fits !== null; fits = withFewerReleases(fits)) {
      const before = roleWide?.issuedBefore ?? null;
      const isShort = (text: string | null): boolean =>
        text === null || taken + countedLength(text) <= MOST_INLINE_CHARACTERS;
      const kind = denyPolicy(fits, before, agents);
      const document = isShort(kind) ? kind : denyPolicy(fits, before);
      if (!isShort(document)) continue;
      return { document, members, isFull: [...held].some((arn) => !members.includes(arn)) };
    }
  }
  const reason = `its inline policies would have more than the ${MOST_INLINE_CHARACTERS} characters that IAM takes: shorten those that are not Cordon's`;
  throw new Refusal("claim_conflict", { resource: roleArn, reason });
}

function isOfRole(deny: SessionDeny["deny"]): boolean {
  return deny === "role" || deny === "roleReleased";
}
