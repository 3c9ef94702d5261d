/** What may still be done with credentials that the instance gave out, and which of it a deny closes. */
import { ifReadable } from "../../aws/if-readable.ts";
import type { ProfileAssociation } from "../../aws/instance-profiles.ts";
import { inlinePolicy, type Role } from "../../aws/roles.ts";
import type { Left } from "../../core/change.ts";
import type { Check, Survivor } from "../../core/containment.ts";
import type { Horizon, Ledger } from "../../core/ledger.ts";
import type { ChangeView, StepContext } from "../../core/step.ts";
import { roleNameOf } from "../contain/deny-sessions-claims.ts";
import { DENY_POLICY } from "../contain/deny-sessions-policy.ts";
import { rolesOfCase } from "../roles-of-case.ts";
import { accessKeySurvivors, boughtSurvivors, containerSurvivors, unknownRoles } from "./credentials-beside.ts";
import { mintedWays } from "./credentials-minted.ts";
import { confirmation, type DenyProof } from "./credential-confirmation.ts";
import type { CredentialHistory } from "./credential-history.ts";
import { denyStateOf } from "./credential-deny.ts";
import { DELIVERED_MS } from "./rule-history.ts";

/** What was read about the credentials that the instance gave out. */
export interface Credentials {
  readonly associations: readonly ProfileAssociation[];
  /** Every role that the instance, the case or a finding names. */
  readonly roles: readonly Role[];
  readonly unknown: readonly Left[];
  /** The denies of `contain.role-sessions`. */
  readonly denies: readonly ChangeView[];
  /** The text of `CordonDenySessions`, by the role's ARN; null where the role has none. */
  readonly policies: ReadonlyMap<string, string | null>;
}

/** What is said of credentials in a proof. */
export interface CredentialWays {
  readonly checks: readonly Check[];
  readonly survivors: readonly Survivor[];
  readonly ledger: Ledger;
}

/** Reads which roles there are and what their policies say now. A name that cannot be read is unknown, never left out. */
export async function readCredentials(
  context: StepContext,
  associations: readonly ProfileAssociation[],
): Promise<Credentials> {
  const denies = context.outcomes["contain.role-sessions"] ?? [];
  const named = await ifReadable(rolesOfCase(context, associations));
  const unread = {
    resource: context.target.instanceId,
    reason: "AWS did not say which roles its profiles hold and findings name",
  };
  const { roles, unknown } = named ?? { roles: [], unknown: [unread] };
  const arns = [...new Set([...roles.map(({ arn }) => arn), ...denies.map(({ change }) => change.resource)])];
  const texts = await Promise.all(
    arns.map((arn) => inlinePolicy(context.aws.iam, { roleName: roleNameOf(arn), policyName: DENY_POLICY })),
  );
  return {
    associations,
    roles,
    unknown,
    denies,
    policies: new Map(arns.map((arn, index) => [arn, texts[index] ?? null])),
  };
}

/** When the event histories can have all that confirms the denies of a case; in milliseconds since 1970. */
export function confirmableAt(context: StepContext, read: Credentials): number {
  const states = [...read.policies.keys()].map((roleArn) => denyStateOf(context, read, roleArn));
  const inForce = states.flatMap((state) => (state.kind === "denied" ? [state.inForceAt] : []));
  return Math.max(context.case.openedAt, ...inForce) + DELIVERED_MS;
}

/**
 * Every credential once: denied by a ground, or open, late or unknown.
 *
 * A removed profile ends no credentials, and a deny that is written is not in force: IAM takes minutes. The deny counts when it
 * was read twice as it was written, and the event histories of all Regions show that it refuses.
 */
export function credentialWays(
  context: StepContext,
  read: Credentials,
  history: CredentialHistory | null = null,
): CredentialWays {
  const parts = [...read.policies.keys()].map((roleArn) => roleWays(context, read, { roleArn, history }));
  const isConcerned = parts.length > 0 || read.unknown.length > 0;
  return {
    checks: parts.flatMap(({ checks }) => checks),
    survivors: [
      ...parts.flatMap(({ survivors }) => survivors),
      ...unknownRoles(read.unknown),
      ...accessKeySurvivors(context),
      ...containerSurvivors(context),
      ...(isConcerned ? boughtSurvivors([...read.policies.keys()]) : []),
    ],
    ledger: {
      closed: parts.flatMap(({ ledger }) => ledger.closed),
      horizons: distinct(parts.flatMap(({ ledger }) => ledger.horizons)),
    },
  };
}

function roleWays(
  context: StepContext,
  read: Credentials,
  { roleArn, history }: { readonly roleArn: string; readonly history: CredentialHistory | null },
): CredentialWays {
  const state = denyStateOf(context, read, roleArn);
  const calls = history?.(roleArn) ?? null;
  const minted = mintedWays({ roleArn, calls, now: context.now, denied: state.kind === "denied" ? state : null });
  if (state.kind !== "denied") {
    return {
      checks: [],
      survivors: [state.survivor, ...minted.survivors],
      ledger: { closed: minted.closed, horizons: calls?.horizons ?? [] },
    };
  }
  const proof: DenyProof = confirmation({ roleArn, state, calls, now: context.now });
  return {
    checks: [
      {
        kind: "information",
        code: "credentials.role",
        what: `${DENY_POLICY} on ${roleNameOf(roleArn)}`,
        ok: true,
        expected: "as it was written",
        observed: "as it was written",
      },
    ],
    survivors: [...proof.survivors, ...minted.survivors],
    ledger: { closed: [...proof.closed, ...minted.closed], horizons: calls?.horizons ?? [] },
  };
}

function distinct(horizons: readonly Horizon[]): readonly Horizon[] {
  return [...new Map(horizons.map((each) => [each.source, each])).values()];
}
