import type { Session } from "../world/identity.ts";
import type { Place } from "../world/world.ts";
import type { Call } from "../wire/operation.ts";

/** Who makes a call. */
export interface Caller {
  readonly accountId: string;
  readonly arn: string;
  /** As GetCallerIdentity shows it: of a role session the role's id and the session's name. */
  readonly userId: string;
  /** `null` for the administrator that a served range takes every unknown key for. */
  readonly session: Session | null;
}

/** Limits of the account that AWS raises on request. */
export interface Quotas {
  /** https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html: 20 each way, at most 40. */
  readonly networkAclEntries: number;
  readonly rulesPerSecurityGroup: number;
  readonly groupsPerInterface: number;
  readonly securityGroups: number;
}

export const DEFAULT_QUOTAS: Quotas = {
  networkAclEntries: 20,
  rulesPerSecurityGroup: 60,
  groupsPerInterface: 5,
  securityGroups: 2500,
};

/** What a handler knows: the caller's account, the Region of the call, and the call. */
export interface Context extends Place {
  readonly call: Call;
  readonly caller: Caller;
  readonly quotas: Quotas;
  /** How many items a page has when the call does not say. */
  readonly pageSize: number;
  /** Whether lists never come to an end. */
  readonly isEndless: boolean;
}

/** Performs one operation: changes the world, at once, and answers. Errors are thrown as `AwsError`. */
export type Handler = (context: Context, input: Record<string, unknown>) => Record<string, unknown>;

/**
 * A handler written in the SDK's own types.
 *
 * The wire has decoded the input by the schema those types are generated from, so this is the one place that claims it.
 */
export function handler<Input extends object, Output extends object>(
  perform: (context: Context, input: Input) => Output,
): Handler {
  return (context, input) => perform(context, input as Input) as Record<string, unknown>;
}

/** Who owns what may be another account's. */
export function ownerOf({ account }: Pick<Place, "account">, { ownerId }: { readonly ownerId?: string }): string {
  return ownerId ?? account.id;
}

/** Members that AWS leaves out are `undefined` in the SDK's types and `null` in the world. */
export function optional<T>(value: T | null): T | undefined {
  return value ?? undefined;
}
