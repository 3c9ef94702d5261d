import { styleText } from "node:util";
import type { DrillReport } from "../drill/report.ts";
import { seconds } from "./narration.ts";
import { count, printable } from "./story.ts";

/** Seconds of the strip before and after the receipt: one character each. */
const BEFORE_S = 12;
const AFTER_S = 66;

export interface Styles {
  readonly isColoured: boolean;
}

type Format = Parameters<typeof styleText>[0];

/** What happened in a drill, as a person reads it: what the attacker could still do against what Cordon did. */
export function scorecard(report: DrillReport, { isColoured }: Styles): string {
  const paint = (format: Format, text: string): string => (isColoured ? styleText(format, text) : text);
  const { result } = report;
  const lines = [
    "",
    `${paint("bold", `Drill ${result.scenario}`)}, seed ${result.seed}${result.case === null ? "" : ` · case ${result.case}`}`,
    "",
    ...strips(report, paint),
    "",
    ...verdict(report, paint),
    ...survivors(report),
    ...release(report, paint),
    "",
    `${paint("bold", `Score ${result.score} of 100`)}${report.deductions.length === 0 ? "" : ":"}`,
    ...report.deductions.map(({ points, why }) => `  -${points}  ${why}`),
    "",
  ];
  return lines.join("\n");
}

type Paint = (format: Format, text: string) => string;

/** A character per second for each actor, and below it what Cordon did in that second. */
function strips({ successes, events, receivedAt }: DrillReport, paint: Paint): readonly string[] {
  const width = Math.max(10, ...successes.map(({ name }) => name.length));
  const rows = successes.map(({ name, atMs }) => {
    const inSeconds = new Set(atMs.map((at) => Math.floor(at / 1000)));
    const cells = Array.from({ length: BEFORE_S + AFTER_S }, (_, index) =>
      inSeconds.has(index - BEFORE_S) ? paint("red", "#") : ".",
    );
    const last = atMs.at(-1);
    const tail = last === undefined ? "never got through" : `last at ${seconds(last)}`;
    return `  ${printable(name).padEnd(width)}  ${cells.join("")}  ${tail}`;
  });
  const marks = new Map<number, string>([[0, "F"]]);
  for (const event of events) {
    const second = Math.floor((Date.parse(event.time) - receivedAt) / 1000);
    const mark = event.body.type === "change.applied" ? "c" : event.body.type === "assessment.made" ? "P" : null;
    if (mark !== null && marks.get(second) !== "F") marks.set(second, mark);
  }
  const cordon = Array.from({ length: BEFORE_S + AFTER_S }, (_, index) => marks.get(index - BEFORE_S) ?? " ").join("");
  return [
    ...rows,
    `  ${"Cordon".padEnd(width)}  ${cordon}`,
    `  ${"".padEnd(width)}  one character a second from ${BEFORE_S} s before the finding: # got through, F finding and cut, c change, P proof`,
  ];
}

function verdict({ result, breaches, events }: DrillReport, paint: Paint): readonly string[] {
  if (result.case === null) return ["  Nothing was to be done, and nothing was done."];
  const time = result.timeToIsolationMs === null ? "never" : seconds(result.timeToIsolationMs);
  const contained = answerText(result, paint);
  const lost = breaches.map(({ name }) => name);
  return [
    `  sealed      ${time}, ${count(result.roundTripsToIsolation, "round trip")}`,
    `  contained   ${contained}, as of ${result.asOf ?? "never"}`,
    ...waiting(events).map(
      (stage) => `  waits       ${stage}: nobody approved it; with --approve ${stage} somebody does`,
    ),
    `  attackers   ${result.attackers.map(({ name, cut }) => `${printable(name)} ${cut ? "cut" : paint("red", "NOT CUT")}`).join(", ") || "none"}`,
    `  journal     ${result.journal.events} events, ${result.journal.verified ? "verified" : paint("red", "BROKEN")}, head ${result.journal.head.slice(0, 16)}`,
    `  AWS calls   ${result.awsCalls.total}`,
    ...result.checks
      .filter(({ kind, ok }) => !ok && kind !== "record")
      .map(({ what, observed }) => paint("red", `  FAILED      ${printable(what)}: ${printable(observed)}`)),
    ...result.checks
      .filter(({ kind, observed }) => kind === "record" && observed !== "none")
      .map(
        ({ what, ok, observed }) => `  ${ok ? "it holds  " : "not proved"}  ${printable(what)}: ${printable(observed)}`,
      ),
    ...(lost.length === 0
      ? []
      : [paint("red", `  BREACH      ${[...new Set(lost)].join(", ")} got through after "contained: true"`)]),
  ];
}

/** The answer in words, with why or until when. */
function answerText({ contained, because, dueAt }: DrillReport["result"], paint: Paint): string {
  switch (contained) {
    case true:
      return paint("green", "yes");
    case "sealed":
      return paint("green", `sealed, proof due about ${dueAt ?? "an unknown time"}`);
    case "partial":
      return paint("yellow", because === "open" ? "in part, a way is open" : "in part, not everything is proved");
    case false:
      return paint("yellow", "NO");
    default:
      return contained satisfies never;
  }
}

/** The stages that people were asked about and did not decide before the drill was over. */
function waiting(events: DrillReport["events"]): readonly string[] {
  const asked = new Map<string, string>();
  for (const { case: id, body } of events) {
    if (body.type === "approval.asked") asked.set(`${id} ${body.stage}`, body.stage);
    else if (body.type === "approval.decided" || body.type === "approval.expired" || body.type === "approval.voided")
      asked.delete(`${id} ${body.stage}`);
  }
  return [...new Set(asked.values())];
}

const MOST_SURVIVORS = 8;

function survivors({ result }: DrillReport): readonly string[] {
  if (result.survivors.length === 0) return [];
  // Instances of one incident share most of them: each stands once.
  const lines = new Set(
    result.survivors.map(
      ({ what, certainty, lever }) => `    ${certainty.padEnd(10)}  ${printable(what)}: ${printable(lever)}`,
    ),
  );
  const shown = [...lines].slice(0, MOST_SURVIVORS);
  const rest = lines.size - shown.length;
  return [
    "",
    "  Not excluded, and what would end it:",
    ...shown,
    ...(rest > 0 ? [`    and ${rest} more (--output json names all)`] : []),
  ];
}

function release({ result }: DrillReport, paint: Paint): readonly string[] {
  if (!result.released) return [];
  const { ok, differences } = result.released;
  return [
    "",
    `  released    ${ok ? paint("green", "as it was") : paint("red", "NOT as it was")}${differences.length === 0 ? "" : ", but for:"}`,
    ...differences.map(
      ({ what, declared }) => `    ${declared ? "declared  " : paint("red", "UNDECLARED")}  ${printable(what)}`,
    ),
  ];
}
