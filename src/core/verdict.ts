/** How verdicts compare. */
import type { Judgement, Verdict } from "./finding.ts";

const ranks: Readonly<Record<Verdict, number>> = {
  archived: 0,
  sample: 0,
  unrelated: 1,
  exposure: 2,
  suspected: 3,
  compromised: 4,
};

/** The verdict once another judgement is in: it may rise, and never falls. */
export function verdictAfter(state: Judgement, { verdict, reason }: Judgement): Judgement {
  return rank(verdict) > rank(state.verdict) ? { verdict, reason } : { verdict: state.verdict, reason: state.reason };
}

function rank(verdict: Verdict): number {
  return ranks[verdict];
}
