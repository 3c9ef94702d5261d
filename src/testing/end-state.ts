import type { Json } from "../core/json.ts";
import { differences } from "../range/snapshot-difference.ts";
import { demand } from "./contract-breach.ts";

/** Ids as AWS gives them to what it makes. */
const GENERATED = /\b[a-z]+(?:-[a-z]+)*-[0-9a-f]{17}\b|\b[A-Z]{4}[A-Z0-9]{16,17}\b|(?<=\/)[0-9a-f]{16}\b/g;
const INSTANT = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/**
 * What an account's configuration became, compared with what it was, one line for each difference.
 *
 * Ids and times that were not there before are blanked out: a run after a crash gets others, and means the same.
 */
export function endState(before: Json, after: Json): readonly string[] {
  const known = JSON.stringify(before);
  const blank = (text: string, pattern: RegExp, by: string): string =>
    text.replaceAll(pattern, (id) => (known.includes(id) ? id : by));
  return differences(before, after)
    .map(({ what }) => blank(blank(what, GENERATED, "<new>"), INSTANT, "<time>"))
    .sort();
}

/** The same for every seed: without the ids that one account has and another has not. */
export function withoutIds(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.replaceAll(GENERATED, "<id>").replaceAll("<new>", "<id>")).sort();
}

export function demandSameState(expected: readonly string[], observed: readonly string[], what: string): void {
  const missing = beyond(expected, observed).map((line) => `without: ${line}`);
  const more = beyond(observed, expected).map((line) => `with: ${line}`);
  demand(
    missing.length + more.length === 0,
    `${what}: the account is not as after an undisturbed run\n  ${[...missing, ...more].join("\n  ")}`,
  );
}

/** Lines of the first list that the second does not have, counted: two equal lines are two. */
function beyond(lines: readonly string[], others: readonly string[]): readonly string[] {
  const left = [...others];
  return lines.filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
