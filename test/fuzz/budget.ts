/** Inputs of each kind in a run that CI makes: together more than the 100,000 that it promises. */
export const SHARES = {
  findings: 30_000,
  playbooks: 4_500,
  configuration: 3_000,
  journals: 5_000,
  answers: 3_000,
  requests: 24_000,
  chunks: 20_000,
  printed: 13_000,
} as const;

export type TargetName = keyof typeof SHARES;

/** What CI starts from. Another seed makes other inputs; the same seed makes the same ones again. */
const SEED = 20_260_115;

export interface Budget {
  readonly seed: number;
  readonly inputs: number;
}

/** How many inputs a kind gets, and from which seed: `CORDON_FUZZ_INPUTS` is the number of all kinds together. */
export function budgetOf(target: TargetName, env: Readonly<Record<string, string | undefined>>): Budget {
  const wanted = Number(env["CORDON_FUZZ_INPUTS"] ?? total());
  const seed = Number(env["CORDON_FUZZ_SEED"] ?? SEED);
  if (!Number.isSafeInteger(wanted) || wanted < 1) throw new RangeError("CORDON_FUZZ_INPUTS is a number of inputs");
  if (!Number.isSafeInteger(seed)) throw new RangeError("CORDON_FUZZ_SEED is a whole number");
  return { seed, inputs: Math.ceil((SHARES[target] * wanted) / total()) };
}

function total(): number {
  return Object.values(SHARES).reduce((sum, share) => sum + share, 0);
}
