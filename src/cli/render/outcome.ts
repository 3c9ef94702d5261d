import type { CaseState } from "../../core/case.ts";
import { type Check, type Survivor, weigh } from "../../core/containment.ts";
import { caseSummary, pendingApprovals } from "../verdicts.ts";
import { printable } from "./story.ts";

/** What came of a case, what may still get through, and what to do next. */
export function outcomeLines(state: CaseState): readonly string[] {
  const { statement, status, openWindows } = caseSummary(state);
  const failures = [...state.steps.values()].flatMap(({ step, failure }) =>
    failure && failure.code !== "nothing_to_do"
      ? [`  ${step}: ${printable(failure.message)} ${printable(failure.remedy)}`]
      : [],
  );
  const failed = [...state.changes.values()].flatMap(({ change, state: at, failure }) =>
    at === "failed" || at === "revertRefused" ? [`  ${change.id}: ${printable(failure ?? "failed")}`] : [],
  );
  const left = [...state.steps.values()].flatMap((record) =>
    record.left.map(({ resource, reason }) => `  ${printable(resource)}: ${printable(reason)}`),
  );
  return [
    `${state.id}  ${state.target.instanceId}  ${status}`,
    ...(statement === null ? [] : [printable(statement)]),
    ...survivorLines(state, statement),
    ...openWindows.map(({ resource }) => `OPEN at the moment: ${resource}`),
    ...section("Not done:", [...failures, ...failed]),
    ...(state.release ? [] : section("Left alone:", left)),
    ...nextLines(state),
  ];
}

/** Every way that is left, by what ends it; what may stand beside `true` only if the statement had no room to name it. */
function survivorLines(state: CaseState, statement: string | null): readonly string[] {
  if (state.release) return [];
  const latest = state.assessments.at(-1);
  if (latest === undefined || statement === null) return [];
  const { open, unproven, due, beside } = weigh([], latest.survivors, latest.asOf);
  const byLever = new Map<string, string[]>();
  const put = (survivors: readonly (Survivor | Check)[], note: string): void => {
    for (const each of survivors) {
      if (!("lever" in each)) continue;
      const lines = byLever.get(each.lever) ?? [];
      byLever.set(each.lever, [...lines, `${each.what}${note}`]);
    }
  };
  put(open, " (open: a finding, a log or AWS shows it)");
  put(unproven, "");
  put(due, " (evidence is due)");
  put(
    beside.filter(({ what, kind }) => !SERVICES.has(kind) && !statement.includes(what)),
    " (not filtered)",
  );
  return section(
    "What may still get through:",
    [...byLever].flatMap(([lever, names]) => [
      `  ended by ${printable(lever)}:`,
      ...[...new Set(names)].map((name) => `    ${printable(name)}`),
    ]),
  );
}

/** AWS's own services that nothing filters: every statement names them. */
const SERVICES: ReadonlySet<string> = new Set(["resolver", "metadata", "time"]);

/** The commands that help from here. */
function nextLines(state: CaseState): readonly string[] {
  const waiting = pendingApprovals(state).map(
    ({ stage, of, deadline, hash }) =>
      `Stage ${stage} waits for ${of} until ${new Date(deadline).toISOString().slice(11, 16)}Z: cordon approve ${state.id} --stage ${stage} --hash ${hash}`,
  );
  const { ended } = state.release ?? { ended: null };
  const next =
    ended === "releasedInPart"
      ? [
          `Put back what is not done, then: cordon release ${state.id}`,
          `Or leave it as it is: cordon release ${state.id} --accept CHANGE`,
        ]
      : state.release
        ? []
        : [`To look: cordon cases show ${state.id}   To undo: cordon release ${state.id}`];
  const later = [...state.stages].flatMap(([stage, { dueAt, outcome }]) =>
    dueAt === null || outcome !== null || state.release
      ? []
      : [`Stage ${stage} comes at ${new Date(dueAt).toISOString().slice(11, 16)}Z: cordon resume ${state.id}`],
  );
  return [...waiting, ...later, ...next];
}

function section(heading: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [heading, ...new Set(lines)];
}
