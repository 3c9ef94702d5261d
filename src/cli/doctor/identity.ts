import type { Connection } from "../connection.ts";
import { type Check, failed, missing, ok } from "./check.ts";

/** Whether the identity that is to work in an account can be taken on, and is one of that account where one is named. */
export async function examineRole(
  connection: Connection,
  account: string | null,
): Promise<{ readonly checks: readonly Check[]; readonly arn: string | null; readonly account: string | null }> {
  const place = { account, region: null };
  const what = connection.roleArn === null ? "identity" : `role ${connection.roleArn}`;
  const identity = await attempt(() => connection.identity());
  if ("error" in identity) {
    const remedy =
      "The role must trust the credentials and ask for the external id of the configuration, and the credentials need sts:AssumeRole on it: docs/accounts.md has both policies.";
    return { checks: [failed(place, what, identity.error, remedy)], arn: null, account: null };
  }
  const { account: observed, arn } = identity.value;
  if (account === null || observed === account) return { checks: [ok(place, what, arn)], arn, account: observed };
  const remedy = "Name a role of this account, or leave --role-arn out.";
  return {
    checks: [missing(place, what, { detail: `it belongs to account ${observed}`, remedy })],
    arn: null,
    account: null,
  };
}

/** What a look came to, an error included: the doctor says it and goes on. */
export async function attempt<Value>(
  act: () => Promise<Value>,
): Promise<{ readonly value: Value } | { readonly error: unknown }> {
  try {
    return { value: await act() };
  } catch (error) {
    return { error };
  }
}
