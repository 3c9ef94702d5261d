import type { Playbook } from "../core/playbook.ts";

/** What is allowed in a playbook and probably not meant. */

const PROOF = "assess.containment";

/**
 * One sentence for each: a cut, and no stage from there on that proves it. What is cut after a proof is no such case: the
 * engine makes the proof again.
 */
export function warningsOf({ stages }: Playbook): readonly string[] {
  const cut = stages.findIndex(({ steps }) => steps.some(({ use }) => use.startsWith("contain.")));
  if (cut === -1 || stages.slice(cut).some(({ steps }) => steps.some(({ use }) => use === PROOF))) return [];
  const id = stages[cut]?.id ?? "";
  return [
    `Stage ${id} cuts, and no stage from there on has ${PROOF}: the answer of the case will not include what it did.`,
  ];
}
