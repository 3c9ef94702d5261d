import type { Json } from "../core/json.ts";
import { differences } from "../range/snapshot-difference.ts";
import { demand } from "./contract-breach.ts";

/** Ids as AWS gives them to what it makes. */
const GENERATED = /\b[a-z]+(?:-[a-z]+)*-[0-9a-f]{17}\b|\b[A-Z]{4}[A-Z0-9]{16,17}\b/g;
const INSTANT = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/**
 * What an account's configuration became, compared with what it was, one line for each difference.
 *
 * Ids and times that were not there before are blanked out: a run after a crash gets others, and means the same.
 */
export function endState(before: Json, after: Json): readonly string[] {
  const known = JSON.stringify(before);
  const blank = (text: string, pattern: RegExp, by: string): string => text.replaceAll(pattern, (id) => (known.includes(id) ? id : by));
  return differences(before, after)
    .map(({ what }) => blank(blank(what, GENERATED, "<new>"), INSTANT, "<time>"))
    .sort();
}

export function demandSameState(expected: readonly string[], observed: readonly string[], what: string): void {
  const missing = expected.filter((line) => !observed.includes(line)).map((line) => `without: ${line}`);
  const more = observed.filter((line) => !expected.includes(line)).map((line) => `with: ${line}`);
  demand(missing.length + more.length === 0, `${what}: the account is not as after an undisturbed run\n  ${[...missing, ...more].join("\n  ")}`);
}
