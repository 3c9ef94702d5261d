import type { CaseState } from "../../core/case.ts";
import type { Json } from "../../core/json.ts";
import type { Attacker } from "../../range/attackers/attacker.ts";
import type { Range } from "../../range/range.ts";

/** An attacker counts as cut when nothing got through for this long at the end. */
export const QUIET_MS = 300_000;

/** Every time an attacker got through while the latest proof said `contained: true`. */
export function breaches(
  state: CaseState,
  attackers: readonly Attacker[],
  until: number,
): readonly { readonly name: string; readonly at: number }[] {
  const spans = state.assessments.flatMap(({ contained, asOf }, index) =>
    contained === true ? [{ from: asOf, to: state.assessments[index + 1]?.asOf ?? until }] : [],
  );
  return attackers
    .filter(({ kind }) => kind === "attacker")
    .flatMap(({ name, succeededAt }) =>
      spans.flatMap(({ from, to }) =>
        succeededAt(from)
          .filter((at) => at <= to)
          .map((at) => ({ name, at })),
      ),
    );
}

/** What Cordon's calls may have changed: every id in the input of a call of its own that was not a read. */
export function touchedBy(range: Range): readonly string[] {
  return range.calls
    .filter(
      ({ callerArn, operation, error }) =>
        callerArn !== null && error === null && !/^(Describe|Get|List|Simulate|Assume)/.test(operation),
    )
    .map(({ input }) => JSON.stringify(input));
}

/** Instances that anybody terminated through the API: none may be. */
export function terminated(range: Range): readonly string[] {
  return range.calls
    .filter(({ operation, error }) => operation === "TerminateInstances" && error === null)
    .map(({ input }) => JSON.stringify(input));
}

/**
 * Whether a difference was announced: it is on a resource of a change that its step does not claim to restore exactly, or
 * on one that Cordon never touched, which then somebody else changed.
 */
export function isDeclared(what: string, state: CaseState, range: Range): boolean {
  const ids = what.match(/(?:[a-z]+-[0-9a-f]{8,17}|role \S+)/g) ?? [];
  const names = ids.map((id) => id.replace(/^role /, ""));
  const inexact = [...state.changes.values()].filter(({ reversible }) => reversible !== "exactly");
  const announced = (name: string): boolean =>
    inexact.some(({ change, outcome }) => change.resource.includes(name) || mentions(outcome, name));
  const touched = touchedBy(range);
  const isOurs = names.some(
    (name) =>
      touched.some((input) => input.includes(name)) ||
      [...state.changes.values()].some(({ change }) => change.resource.includes(name)),
  );
  const isMade = what.endsWith(" is new") && what.startsWith("security-group");
  return names.some(announced) || (!isOurs && !isMade);
}

function mentions(value: Json, name: string): boolean {
  return JSON.stringify(value ?? null).includes(name);
}
