import type { DrillResult } from "./result.ts";

/** What a score is taken from: the document without the score, the two faults that fail a drill outright, and what was lost. */
export interface Scored extends Omit<DrillResult, "score"> {
  /** An attacker got through while Cordon said `contained: true`. */
  readonly isBreached: boolean;
  /** How many snapshots and images that were saved are not there any more. */
  readonly lostEvidence: number;
  /** A way is left that a step which the playbook may take without asking would have closed. */
  readonly isPartialAvoidably: boolean;
  /** A target, or anything that Cordon did not launch, was terminated. */
  readonly isTerminated: boolean;
}

/** A deduction, so that a person can be told where the points went. */
export interface Deduction {
  readonly points: number;
  readonly why: string;
}

/** Round trips that nothing can do without: read what is there to be able to restore it, then swap. */
export const FEWEST_ROUND_TRIPS = 2;

/** Where a drill lost points. 100 less their sum, and never below 0, is the score (docs/drills.md). */
export function deductions(drill: Scored): readonly Deduction[] {
  const alive = drill.attackers.filter(({ cut }) => !cut).length;
  const extra = drill.roundTripsToIsolation - FEWEST_ROUND_TRIPS;
  const undeclared = drill.released?.differences.filter(({ declared }) => !declared).length ?? 0;
  const all: readonly (Deduction | false)[] = [
    drill.isBreached && { points: 100, why: "an attacker got through after contained: true" },
    drill.isTerminated && { points: 100, why: "an instance that Cordon did not launch was terminated" },
    drill.case !== null && drill.contained === false && { points: 40, why: "the instance is not contained" },
    drill.contained === "partial" &&
      drill.isPartialAvoidably &&
      alive === 0 && {
        points: 15,
        why: "contained only in part, though a step that the playbook takes without asking would have closed a way",
      },
    alive > 0 && {
      points: Math.min(40, 10 * alive),
      why: `${alive} attacker${alive === 1 ? " is" : "s are"} not cut at the end`,
    },
    drill.lostEvidence > 0 && {
      points: Math.min(30, 10 * drill.lostEvidence),
      why: `${drill.lostEvidence} snapshot${drill.lostEvidence === 1 ? " or image was" : "s or images were"} destroyed after being saved`,
    },
    extra > 0 && {
      points: Math.min(20, 5 * extra),
      why: `${extra} round trip${extra === 1 ? "" : "s"} to isolation above ${FEWEST_ROUND_TRIPS}`,
    },
    undeclared > 0 && { points: 10, why: "release left differences that no step declared" },
    !drill.journal.verified && { points: 10, why: "the journal does not verify" },
  ];
  return all.filter((deduction) => deduction !== false);
}

export function scoreOf(drill: Scored): number {
  const lost = deductions(drill).reduce((sum, { points }) => sum + points, 0);
  return Math.max(0, 100 - lost);
}
