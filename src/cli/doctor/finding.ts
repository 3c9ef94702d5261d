import type { PolicyDocument, Statement } from "../permissions.ts";
import type { Check } from "./check.ts";

/** What a role lacks, as a policy that adds it. */
export interface Addition {
  readonly account: string;
  readonly role: string;
  readonly policy: PolicyDocument;
}

/** What was looked at, and what is to be added. */
export interface Finding {
  readonly checks: readonly Check[];
  readonly additions: readonly Addition[];
}

/** Checks that ask for no policy. */
export function onlyChecks(...checks: readonly Check[]): Finding {
  return { checks, additions: [] };
}

/** The policy that adds the statements; none where there are none. */
export function additionsFor(account: string, role: string, statements: readonly Statement[]): readonly Addition[] {
  if (statements.length === 0) return [];
  return [{ account, role, policy: { Version: "2012-10-17", Statement: statements } }];
}
