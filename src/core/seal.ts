import type { CaseState } from "./case.ts";

/** How far the isolation of a case is, and since when what its proofs say holds. */

/** The step whose changes are the isolation. */
export const SEAL = "contain.security-groups";

export interface SealProgress {
  readonly interfaces: number;
  readonly sealed: number;
  /** When the last of them was verified sealed, in milliseconds since 1970; null while one is not. */
  readonly sealedAt: number | null;
}

/** The interfaces that the case seals, and how many of them were read back as sealed. */
export function sealProgress({ changes }: CaseState): SealProgress {
  const seals = [...changes.values()].filter(({ change, state }) => change.step === SEAL && state !== "dropped");
  const times = seals.flatMap(({ state, verifiedAt }) =>
    state === "verified" && verifiedAt !== null ? [verifiedAt] : [],
  );
  const isSealed = seals.length > 0 && times.length === seals.length;
  return { interfaces: seals.length, sealed: times.length, sealedAt: isSealed ? Math.max(...times) : null };
}

/**
 * When the case was sealed, as the last proof still finds it: the time at which the last interface was verified, else that of
 * the first proof since which all were sealed. Null if it is not, or was released.
 */
export function sealedAt(state: CaseState): number | null {
  if (state.release) return null;
  const proofs = state.assessments.filter(({ checks }) => checks.some(({ kind }) => kind === "sealed"));
  const isSealed = ({ checks }: CaseState["assessments"][number]): boolean =>
    checks.every(({ kind, ok }) => kind !== "sealed" || ok);
  const since = proofs.slice(proofs.findLastIndex((each) => !isSealed(each)) + 1);
  const verifiedAt = sealProgress(state).sealedAt;
  if (proofs.length === 0) return verifiedAt;
  const [first] = since;
  if (first === undefined) return null;
  return since.length === proofs.length && verifiedAt !== null ? Math.min(verifiedAt, first.asOf) : first.asOf;
}

/** Since when every proof of the case says `true`, up to the last one; null if the last one does not. */
export function provenAt({ assessments, release }: CaseState): number | null {
  if (release) return null;
  return assessments[assessments.findLastIndex(({ contained }) => contained !== true) + 1]?.asOf ?? null;
}
