import { type CheckMeaning, checkCatalogue } from "../../core/check-catalogue.ts";
import { type SurvivorMeaning, survivorCatalogue } from "../../core/survivor-catalogue.ts";
import { cell, page, sentence } from "./reference-page.ts";

/** The page of every code that a proof can hand in: survivors, then checks. */
export function survivorsPage(): string {
  const survivors = Object.entries<SurvivorMeaning>(survivorCatalogue).map(
    ([code, { title, why, endedBy, hits, isBesideTrue }]) =>
      row([`\`${code}\``, title, why, sentence(endedBy), sentence(hits), isBesideTrue === true ? "yes" : "no"]),
  );
  const checks = Object.entries<CheckMeaning>(checkCatalogue).map(([code, { title, failing, endedBy, hits }]) =>
    row([`\`${code}\``, title, failing, sentence(endedBy), sentence(hits)]),
  );
  const intro =
    "Every way that a proof can leave open, and everything that it checks, by code: what ends it, and whom that affects.";
  return page("Survivors and checks", intro, [
    "## Survivors",
    "",
    "A survivor keeps the answer at `partial`, or at `sealed` if evidence that may close it is due within the hour. One that",
    "may stand beside `true` is named in the statement instead, unless a finding or a log indicates it. So may ICMP from",
    "private blocks.",
    "",
    row(["code", "what is left", "why", "ended by", "whom that affects", "beside `true`"]),
    row(["---", "---", "---", "---", "---", "---"]),
    ...survivors,
    "",
    "## Checks",
    "",
    row(["code", "what is checked", "if it is not so", "mended by", "whom that affects"]),
    row(["---", "---", "---", "---", "---"]),
    ...checks,
  ]);
}

function row(cells: readonly string[]): string {
  return `| ${cells.map(cell).join(" | ")} |`;
}
