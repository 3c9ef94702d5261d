import type { Check, Survivor } from "./containment.ts";

/** What one assessment found by itself. */
export interface Findings {
  /** Its step. */
  readonly step: string;
  readonly checks: readonly Check[];
  readonly survivors: readonly Survivor[];
  /** When it looked, in milliseconds since 1970. */
  readonly asOf: number;
}

/** What all assessments of a case say together. */
export interface JointFindings {
  readonly checks: readonly Check[];
  readonly survivors: readonly Survivor[];
  /** As of when the statement about the cut holds: of what decides, the part that was looked at first. */
  readonly asOf: number;
}

/**
 * Joins a fresh assessment with the latest of every other kind: each replaces what it said itself before and nothing else.
 *
 * So a look into the flow logs erases no survivor that the network's configuration leaves possible, and a later proof of the
 * configuration erases no flow that the logs have named. What is said twice stands once.
 */
export function join(earlier: readonly Findings[], fresh: Findings): JointFindings {
  const latest = new Map([...earlier, fresh].map((findings) => [findings.step, findings]));
  const parts = [...latest.values()];
  const deciding = parts.filter(({ checks }) => checks.some(({ kind }) => kind === "sealed"));
  return {
    checks: parts.flatMap(({ checks }) => checks),
    survivors: distinct(parts.flatMap(({ survivors }) => survivors)),
    asOf: Math.min(...(deciding.length === 0 ? [fresh] : deciding).map(({ asOf }) => asOf)),
  };
}

function distinct(survivors: readonly Survivor[]): readonly Survivor[] {
  return [...new Map(survivors.map((survivor) => [`${survivor.certainty} ${survivor.what}`, survivor])).values()];
}
