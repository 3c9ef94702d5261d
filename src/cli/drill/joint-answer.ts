import type { CaseState } from "../../core/case.ts";
import { answerDocument } from "../verdicts.ts";
import type { DrillResult } from "./result.ts";

/** What the last proofs of a drill's cases say together. */
export type JointAnswer = Pick<
  DrillResult,
  "contained" | "because" | "asOf" | "dueAt" | "horizons" | "sealedAt" | "provenAt"
>;

/** What the last proofs say of all cases together: the worst answer, the oldest time, the last that is due. */
export function jointAnswer(states: readonly CaseState[]): JointAnswer {
  const answers = states.map(answerDocument);
  const contained = worst(answers.map((each) => each.contained ?? false));
  const those = answers.filter((each) => (each.contained ?? false) === contained);
  const isAll = <Key extends "sealedAt" | "provenAt">(key: Key): boolean => answers.every((each) => each[key] !== null);
  return {
    contained,
    because: those.some(({ because }) => because === "open") ? "open" : (those[0]?.because ?? null),
    asOf: sortedTimes(answers.map(({ asOf }) => asOf)).at(0) ?? null,
    dueAt: contained === "sealed" ? (sortedTimes(answers.map(({ dueAt }) => dueAt)).at(-1) ?? null) : null,
    horizons: [...new Map(answers.flatMap(({ horizons }) => horizons).map((each) => [each.source, each])).values()],
    sealedAt: isAll("sealedAt") ? (sortedTimes(answers.map(({ sealedAt }) => sealedAt)).at(-1) ?? null) : null,
    provenAt: isAll("provenAt") ? (sortedTimes(answers.map(({ provenAt }) => provenAt)).at(-1) ?? null) : null,
  };
}

function sortedTimes(times: readonly (string | null)[]): readonly string[] {
  return times.filter((time) => time !== null).toSorted();
}

/** The least that was said of any of them; of none, nothing. */
function worst(said: readonly DrillResult["contained"][]): DrillResult["contained"] {
  if (said.length === 0 || said.includes(false)) return false;
  if (said.includes("partial")) return "partial";
  return said.includes("sealed") ? "sealed" : true;
}
