import { rangeContains } from "../world/addresses.ts";
import { matchesPattern } from "./patterns.ts";

/** The context of a request: values by condition key. A key that is not there is absent, which policies can test. */
export type ConditionKeys = Readonly<Record<string, string | readonly string[]>>;

type Test = (actual: string, expected: string) => boolean;

const time = (text: string): number => (/^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text));

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html */
const TESTS: Readonly<Record<string, Test>> = {
  StringEquals: (actual, expected) => actual === expected,
  StringEqualsIgnoreCase: (actual, expected) => actual.toLowerCase() === expected.toLowerCase(),
  StringLike: (actual, expected) => matchesPattern(expected, actual),
  ArnEquals: matchesArn,
  ArnLike: matchesArn,
  DateEquals: (actual, expected) => time(actual) === time(expected),
  DateLessThan: (actual, expected) => time(actual) < time(expected),
  DateLessThanEquals: (actual, expected) => time(actual) <= time(expected),
  DateGreaterThan: (actual, expected) => time(actual) > time(expected),
  DateGreaterThanEquals: (actual, expected) => time(actual) >= time(expected),
  NumericEquals: (actual, expected) => Number(actual) === Number(expected),
  NumericLessThan: (actual, expected) => Number(actual) < Number(expected),
  NumericLessThanEquals: (actual, expected) => Number(actual) <= Number(expected),
  NumericGreaterThan: (actual, expected) => Number(actual) > Number(expected),
  NumericGreaterThanEquals: (actual, expected) => Number(actual) >= Number(expected),
  Bool: (actual, expected) => actual.toLowerCase() === expected.toLowerCase(),
  IpAddress: (actual, expected) =>
    rangeContains(expected.includes("/") ? expected : `${expected}/${expected.includes(":") ? 128 : 32}`, actual),
};

const NEGATED: Readonly<Record<string, string>> = {
  StringNotEquals: "StringEquals",
  StringNotEqualsIgnoreCase: "StringEqualsIgnoreCase",
  StringNotLike: "StringLike",
  ArnNotEquals: "ArnEquals",
  ArnNotLike: "ArnLike",
  DateNotEquals: "DateEquals",
  NumericNotEquals: "NumericEquals",
  NotIpAddress: "IpAddress",
};

/** Each of the six parts of an ARN is matched on its own, so that a wildcard does not cross a colon before the resource. */
function matchesArn(actual: string, expected: string): boolean {
  const [left, right] = [splitArn(actual), splitArn(expected)];
  return left.length === right.length && right.every((part, index) => matchesPattern(part, left[index] ?? ""));
}

function splitArn(arn: string): string[] {
  const parts = arn.split(":");
  return parts.length < 6 ? [arn] : [...parts.slice(0, 5), parts.slice(5).join(":")];
}

/**
 * Whether a statement's Condition holds: every operator, and under it every key.
 *
 * @throws TypeError for an operator there is none of; AWS refuses to store such a policy.
 */
export function conditionHolds(condition: unknown, keys: ConditionKeys): boolean {
  if (condition === undefined) return true;
  return Object.entries(condition as Record<string, Record<string, unknown>>).every(([operator, block]) =>
    Object.entries(block).every(([key, expected]) =>
      operatorHolds(
        operator,
        lookUp(keys, key),
        listOf(expected).map((value) => substitute(value, keys)),
      ),
    ),
  );
}

function operatorHolds(name: string, actual: readonly string[] | undefined, expected: readonly string[]): boolean {
  const [, quantifier, bare = "", ifExists] = /^(?:(ForAnyValue|ForAllValues):)?(\w+?)(IfExists)?$/.exec(name) ?? [];
  if (bare === "Null") return expected.some((value) => (value.toLowerCase() === "true") === (actual === undefined));
  const test = TESTS[NEGATED[bare] ?? bare];
  if (!test) throw new TypeError(`the range knows no condition operator ${name}`);
  const isNegated = bare in NEGATED;
  if (actual === undefined)
    return ifExists !== undefined || quantifier === "ForAllValues" || (isNegated && quantifier === undefined);
  const one = (value: string): boolean => expected.some((each) => test(value, each)) !== isNegated;
  if (quantifier === "ForAllValues" || (isNegated && quantifier === undefined)) return actual.every(one);
  return actual.some(one);
}

/** Names of condition keys do not care about case; the name of a tag, behind the slash, does not either. */
function lookUp(keys: ConditionKeys, name: string): readonly string[] | undefined {
  const found = Object.entries(keys).find(([key]) => key.toLowerCase() === name.toLowerCase());
  return found === undefined ? undefined : listOf(found[1]);
}

/** One value or a list of them, as text: policies write numbers and booleans both ways. */
export function listOf(value: unknown): string[] {
  return (Array.isArray(value) ? (value as unknown[]) : [value]).map((each) => String(each));
}

/** Policy variables: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html */
export function substitute(text: string, keys: ConditionKeys): string {
  return text.replaceAll(
    /\$\{([^}]+)\}/g,
    (whole, name: string) => ({ "*": "*", "?": "?", $: "$" })[name] ?? lookUp(keys, name)?.[0] ?? whole,
  );
}
