/** Sessions of other roles that were taken with a role's credentials: they do not carry the instance's ARN. */
import type { Survivor } from "../../core/containment.ts";
import type { ClosedWay } from "../../core/ledger.ts";
import { roleNameOf } from "../contain/deny-sessions-claims.ts";
import { credentialWay, type Denied } from "./credential-deny.ts";
import { completenessOf, type CredentialCalls, rolesTaken } from "./credential-history.ts";

interface Minting {
  readonly roleArn: string;
  readonly calls: CredentialCalls | null;
  /** Null while the role's credentials may take roles. */
  readonly denied: Denied | null;
  readonly now: number;
}

/** Roles that were taken are open; that none was taken is known only from complete histories and behind a deny. */
export function mintedWays({ roleArn, calls, denied, now }: Minting): {
  readonly closed: readonly ClosedWay[];
  readonly survivors: readonly Survivor[];
} {
  const taken = calls === null ? [] : rolesTaken(calls);
  if (taken.length > 0) return { closed: [], survivors: taken.map((role) => takenSurvivor(roleArn, role)) };
  if (calls === null) return unknown(roleArn, "no event history was read that would show which roles were taken", null);
  const { until, dueAt, gap } = completenessOf(calls);
  if (gap !== null) return unknown(roleArn, `the event history does not show every call: ${gap}`, null);
  if (denied === null) return unknown(roleArn, "the role's credentials may still take others", null);
  if (until === null || until < denied.inForceAt) {
    const isLate = dueAt !== null || now < denied.inForceAt + LATE_MS;
    const later = isLate ? Math.max(dueAt ?? 0, denied.inForceAt + LATE_MS) : null;
    return unknown(roleArn, "event histories are not complete up to when the deny is in force", later);
  }
  const closed: ClosedWay = {
    ...credentialWay(roleArn, "minted"),
    what: `sessions of other roles taken with ${roleNameOf(roleArn)}`,
    ground: "denied",
    from: denied.inForceAt,
    until: now,
    voidWhen: "an event history shows that a role was taken",
    pages: [denied.page, ...calls.pages],
  };
  return { closed: [closed], survivors: [] };
}

/** CloudTrail's delivery. */
const LATE_MS = 900_000;

function unknown(
  roleArn: string,
  why: string,
  dueAt: number | null,
): { readonly closed: readonly ClosedWay[]; readonly survivors: readonly Survivor[] } {
  return {
    closed: [],
    survivors: [
      {
        code: "credentials.chained",
        ...credentialWay(roleArn, "minted"),
        what: `sessions of other roles taken with ${roleNameOf(roleArn)}`,
        kind: "credentials",
        ...(dueAt === null ? { certainty: "possible" } : { certainty: "due", dueAt }),
        why,
        lever: "a deny on those roles",
        blastRadius: "everybody who uses those roles",
      },
    ],
  };
}

function takenSurvivor(roleArn: string, taken: string): Survivor {
  return {
    code: "credentials.chained",
    way: `credential ${taken} minted with ${roleArn}`,
    scope: { kind: "credential", principal: taken, sessions: "minted" },
    what: `sessions of ${roleNameOf(taken)} taken with ${roleNameOf(roleArn)}`,
    kind: "credentials",
    certainty: "indicated",
    why: "CloudTrail shows that the role was taken, and its sessions do not carry the instance's ARN",
    lever: `a deny on ${taken}`,
    blastRadius: "everybody who uses that role",
  };
}
