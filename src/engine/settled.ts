import { provenStatus } from "../core/case-assessments.ts";
import type { CaseStatus } from "../core/journal.ts";
import type { Situation } from "./draft.ts";
import { stepOf } from "./registry.ts";

/** Where a playbook neither cuts nor proves, there is nothing to be contained: it has done what it was for, or has not. */
export function settledStatus({ state, playbook, registry }: Situation): CaseStatus {
  const contains = playbook.stages
    .flatMap(({ steps }) => steps)
    .some(({ use }) => use.startsWith("contain.") || stepOf(registry, use).kind === "assessment");
  if (!contains) return [...state.stages.values()].some(({ outcome }) => outcome === "failed") ? "failed" : "closed";
  return provenStatus(state.assessments.at(-1)?.contained ?? false);
}
