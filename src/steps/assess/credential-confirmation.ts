/** When a deny that is in place counts as proved: read twice, in force everywhere, and confirmed by the event histories. */
import type { Survivor } from "../../core/containment.ts";
import type { ClosedWay } from "../../core/ledger.ts";
import { roleNameOf } from "../contain/deny-sessions-claims.ts";
import { credentialWay, type Denied } from "./credential-deny.ts";
import {
  accessMade,
  completenessOf,
  type CredentialCall,
  type CredentialCalls,
  permittedSince,
} from "./credential-history.ts";

/** Between the two times that the deny is read. */
const SECOND_READ_MS = 900_000;

/** CloudTrail delivers within about 15 minutes: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html */
const DELIVERY_MS = 900_000;

/** Calls that are named one by one. */
const MOST_NAMED = 10;

export interface DenyProof {
  readonly closed: readonly ClosedWay[];
  readonly survivors: readonly Survivor[];
}

interface Confirming {
  readonly roleArn: string;
  readonly state: Denied;
  /** Null if no event history was read. */
  readonly calls: CredentialCalls | null;
  readonly now: number;
}

/** The way of a role's own sessions: closed, seen in use, due, or unknown. */
export function confirmation({ roleArn, state, calls, now }: Confirming): DenyProof {
  const dataCalls = dataCallsUntil(roleArn, state);
  const made = calls === null ? [] : accessMade(calls).map((call) => madeSurvivor(roleArn, call));
  const used = calls === null ? [] : permittedSince(calls, state.inForceAt);
  if (used.length > 0) return { closed: [], survivors: [usedSurvivor(roleArn, used), ...bounded(made)] };
  const missing = missingOf({ roleArn, state, calls, now });
  if (missing !== null) return { closed: [], survivors: [missing, dataCalls, ...bounded(made)] };
  const closed: ClosedWay = {
    ...credentialWay(roleArn, "instance"),
    what: `credentials of ${roleNameOf(roleArn)}`,
    ground: "denied",
    from: state.inForceAt,
    until: now,
    voidWhen: `the policy on ${roleNameOf(roleArn)} changes, or a call that it forbids is permitted`,
    pages: [state.page, ...(calls?.pages ?? [])],
  };
  return { closed: [closed], survivors: [dataCalls, ...bounded(made)] };
}

/** What is still missing until the deny counts as proved; null if nothing is. */
function missingOf({ roleArn, state, calls, now }: Confirming): Survivor | null {
  const { firstReadAt, inForceAt } = state;
  const readTwiceAt = (firstReadAt ?? now) + SECOND_READ_MS;
  const confirmedAt = inForceAt + DELIVERY_MS;
  const dueAt = Math.max(readTwiceAt, confirmedAt);
  if (calls === null) return unconfirmed(roleArn, "no event history was read that could confirm the deny", null);
  const { until, gap, dueAt: horizonDueAt } = completenessOf(calls);
  if (gap !== null) return unconfirmed(roleArn, `the event history cannot confirm the deny: ${gap}`, null);
  if (now < dueAt) {
    const isReadTwice = firstReadAt !== null && now >= readTwiceAt;
    const why = isReadTwice
      ? "event histories that confirm the deny are not complete yet"
      : "the deny was written a short while ago and is read a second time";
    return unconfirmed(roleArn, why, Math.max(dueAt, horizonDueAt ?? 0));
  }
  if (until !== null && until >= inForceAt) return null;
  return horizonDueAt === null
    ? unconfirmed(roleArn, "an event history ends before the deny was in force", null)
    : unconfirmed(roleArn, "event histories that confirm the deny are not complete yet", horizonDueAt);
}

function unconfirmed(roleArn: string, why: string, dueAt: number | null): Survivor {
  return {
    code: "credentials.unconfirmed",
    ...credentialWay(roleArn, "instance"),
    what: `the deny on ${roleNameOf(roleArn)}`,
    kind: "credentials",
    ...(dueAt === null ? { certainty: "possible" } : { certainty: "due", dueAt }),
    why,
    lever: "wait for the event histories of all Regions",
    blastRadius: "nobody",
  };
}

function usedSurvivor(roleArn: string, used: readonly CredentialCall[]): Survivor {
  const latest = used.reduce((one, other) => (other.at > one.at ? other : one));
  return {
    code: "credentials.used",
    ...credentialWay(roleArn, "instance"),
    what: `credentials of ${roleNameOf(roleArn)}`,
    kind: "credentials",
    certainty: "indicated",
    why: `${nameOf(latest)} was permitted at ${time(latest.at)}, after the deny was in force`,
    lever: "a deny on the principal that CloudTrail names",
    blastRadius: "everybody who uses that principal",
  };
}

function madeSurvivor(roleArn: string, call: CredentialCall): Survivor {
  return {
    code: "credentials.made",
    way: `made ${call.id}`,
    what: `${nameOf(call)} with ${roleNameOf(roleArn)} at ${time(call.at)}`,
    kind: "credentials",
    certainty: "indicated",
    why: `CloudTrail of ${call.region} shows the call, and it gives access that outlives the credentials`,
    lever: "look at what was made, and remove it",
    blastRadius: "depends on what was made",
  };
}

/** An intruder who makes a thousand keys must not fill the journal. */
function bounded(made: readonly Survivor[]): readonly Survivor[] {
  const [first] = made;
  if (first === undefined || made.length <= MOST_NAMED) return made;
  const rest = made.length - MOST_NAMED;
  const more = { ...first, way: `${first.way ?? ""} and more`, what: `${rest} more calls that give new access` };
  return [...made.slice(0, MOST_NAMED), more];
}

function dataCallsUntil(roleArn: string, { inForceAt }: Denied): Survivor {
  // The deny counts as in force 10 minutes after it was written; the sentence names the deny and 15 minutes.
  const until = inForceAt + 300_000;
  return {
    code: "credentials.data-calls",
    way: `data calls ${roleArn}`,
    what: `data calls with ${roleNameOf(roleArn)} until ${time(until).slice(0, 5)}Z`,
    kind: "credentials",
    certainty: "unfiltered",
    why: "no event history has data events, and the deny takes minutes to be in force everywhere",
    lever: "a trail with data events",
    blastRadius: "nobody",
  };
}

function nameOf({ source, name }: CredentialCall): string {
  return `${source.replace(/\.amazonaws\.com(\.cn)?$/, "")}:${name}`;
}

function time(at: number): string {
  return `${new Date(at).toISOString().slice(11, 19)}Z`;
}
