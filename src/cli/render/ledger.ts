import type { CaseState } from "../../core/case.ts";
import type { ClosedWay, Ground, Horizon } from "../../core/ledger.ts";
import { count, printable } from "./story.ts";

/** The ledger of a case's last proof for people: per interface, which ground closes what, at most a screen. */

const MOST_LINES = 20;
/** So many ways of one ground are named. */
const MOST_NAMED = 3;

const grounds: Readonly<Record<Ground, string>> = {
  "acl-denies": "the network ACL denies it both ways",
  stopped: "the instance is stopped",
  untracked: "AWS tracked none of it",
  "never-allowed": "no rule ever allowed it",
  silence: "flow logs show it silent for longer than its timers",
  "no-path": "no route leads there",
  denied: "the deny was compared whole",
  ended: "AWS shows it as ended",
};

/** What is closed, and up to when each delayed source is known. What is left stands above, with what ends it. */
export function ledgerLines({ assessments, release }: CaseState): readonly string[] {
  const ledger = release ? undefined : assessments.at(-1)?.ledger;
  if (ledger === undefined || ledger.closed.length + ledger.horizons.length === 0) return [];
  const groups = new Map<string, ClosedWay[]>();
  for (const way of ledger.closed) groups.set(placeOf(way), [...(groups.get(placeOf(way)) ?? []), way]);
  const closed = [...groups].flatMap(([place, ways]) => [`  ${printable(place)}`, ...groundLines(ways)]);
  const lines = [...closed, ...ledger.horizons.map(horizonLine)];
  const more = lines.length - MOST_LINES;
  return [
    "",
    "Closed, and why:",
    ...lines.slice(0, MOST_LINES),
    ...(more > 0 ? [`  and ${count(more, "more line")}: \`-o json\` has the whole ledger`] : []),
  ];
}

function placeOf({ scope }: ClosedWay): string {
  switch (scope.kind) {
    case "flow":
      return scope.interface;
    case "credential":
      return `credentials of ${scope.principal}`;
    case "shell":
      return `shell ${scope.id}`;
    case "service":
      return scope.name;
    default:
      return scope satisfies never;
  }
}

function groundLines(ways: readonly ClosedWay[]): readonly string[] {
  const byGround = new Map<Ground, ClosedWay[]>();
  for (const way of ways) byGround.set(way.ground, [...(byGround.get(way.ground) ?? []), way]);
  return [...byGround].map(([ground, each]) => {
    const names = [...new Set(each.map(({ what }) => what))];
    const rest = names.length - MOST_NAMED;
    const named = `${names.slice(0, MOST_NAMED).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
    const until = Math.min(...each.map((way) => way.until));
    const voids = [...new Set(each.map(({ voidWhen }) => voidWhen))].join("; or ");
    return `    ${printable(named)}: ${grounds[ground]}, until ${clock(until)}; void if ${printable(voids)}`;
  });
}

function horizonLine({ source, until, dueAt, gap }: Horizon): string {
  const known = until === null ? "not read" : `known up to ${clock(until)}`;
  const due = dueAt === null ? "" : `; complete about ${clock(dueAt)}`;
  return `  ${printable(source)}: ${known}${due}${gap === null ? "" : `; ${printable(gap)}`}`;
}

function clock(time: number): string {
  return `${new Date(time).toISOString().slice(11, 19)}Z`;
}
