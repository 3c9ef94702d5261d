import type { PolicyDocument } from "../world/identity.ts";
import { conditionHolds, listOf, substitute, type ConditionKeys } from "./conditions.ts";
import { matchesPattern } from "./patterns.ts";

/** One thing that a call does, as policies judge it. */
export interface AccessRequest {
  readonly action: string;
  readonly resource: string;
  readonly keys: ConditionKeys;
}

export type Decision = "allowed" | "explicitly-denied" | "implicitly-denied";

interface Statement {
  readonly Effect?: string;
  readonly Action?: unknown;
  readonly NotAction?: unknown;
  readonly Resource?: unknown;
  readonly NotResource?: unknown;
  readonly Condition?: unknown;
}

/**
 * What identity-based policies say: an explicit deny wins, then an allow, else nothing is allowed.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function evaluate(policies: readonly PolicyDocument[], request: AccessRequest): Decision {
  const matching = policies.flatMap(statementsOf).filter((statement) => applies(statement, request));
  if (matching.some(({ Effect }) => Effect === "Deny")) return "explicitly-denied";
  return matching.some(({ Effect }) => Effect === "Allow") ? "allowed" : "implicitly-denied";
}

function statementsOf({ Statement }: PolicyDocument): Statement[] {
  return (Array.isArray(Statement) ? Statement : [Statement]) as Statement[];
}

function applies(
  { Action, NotAction, Resource, NotResource, Condition }: Statement,
  { action, resource, keys }: AccessRequest,
): boolean {
  const names = (list: unknown): boolean =>
    listOf(list).some((pattern) => matchesPattern(pattern, action, { ignoreCase: true }));
  const covers = (list: unknown): boolean =>
    listOf(list).some((pattern) => matchesPattern(substitute(pattern, keys), resource));
  if (Action === undefined ? NotAction === undefined || names(NotAction) : !names(Action)) return false;
  if (Resource === undefined ? NotResource !== undefined && covers(NotResource) : !covers(Resource)) return false;
  return conditionHolds(Condition, keys);
}

/** Whether a trust policy lets a principal assume the role: as itself, or as anybody of its account. */
export function trusts(
  policy: PolicyDocument,
  caller: { readonly accountId: string; readonly arns: readonly string[]; readonly keys: ConditionKeys },
): "by-name" | "by-account" | "no" {
  const statements = statementsOf(policy).filter(
    ({ Action, Condition }) =>
      listOf(Action).some((each) => matchesPattern(each, "sts:AssumeRole", { ignoreCase: true })) &&
      conditionHolds(Condition, caller.keys),
  );
  const principals = (effect: string): string[] =>
    statements.filter(({ Effect }) => Effect === effect).flatMap((statement) => principalsOf(statement));
  const account = new Set(["*", caller.accountId, `arn:aws:iam::${caller.accountId}:root`]);
  const named = (principal: string): boolean => caller.arns.includes(principal);
  if (principals("Deny").some((each) => named(each) || account.has(each))) return "no";
  if (principals("Allow").some(named)) return "by-name";
  return principals("Allow").some((each) => account.has(each)) ? "by-account" : "no";
}

function principalsOf(statement: Statement): string[] {
  const { Principal } = statement as { readonly Principal?: unknown };
  if (Principal === "*") return ["*"];
  return listOf((Principal as { readonly AWS?: unknown } | undefined)?.AWS ?? []);
}
