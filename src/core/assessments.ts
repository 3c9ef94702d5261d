import type { Check, Survivor } from "./containment.ts";
import { EMPTY_LEDGER, type Ledger } from "./ledger.ts";

/** What one assessment found by itself. */
export interface Findings {
  /** Its step. */
  readonly step: string;
  readonly checks: readonly Check[];
  readonly survivors: readonly Survivor[];
  /** Left out by what closes nothing. */
  readonly ledger?: Ledger;
  /** When it looked, in milliseconds since 1970. */
  readonly asOf: number;
}

/** What all assessments of a case say together. */
export interface JointFindings {
  readonly checks: readonly Check[];
  readonly survivors: readonly Survivor[];
  readonly ledger: Ledger;
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
    ledger: joined(parts.map(({ ledger }) => ledger ?? EMPTY_LEDGER)),
    asOf: Math.min(...(deciding.length === 0 ? [fresh] : deciding).map(({ asOf }) => asOf)),
  };
}

function joined(ledgers: readonly Ledger[]): Ledger {
  return {
    closed: ledgers.flatMap(({ closed }) => closed),
    horizons: ledgers.flatMap(({ horizons }) => horizons),
  };
}

function distinct(survivors: readonly Survivor[]): readonly Survivor[] {
  return [...new Map(survivors.map((survivor) => [`${survivor.certainty} ${survivor.what}`, survivor])).values()];
}
