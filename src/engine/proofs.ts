import type { CaseState } from "../core/case.ts";
import type { AssessmentRecord } from "../core/case-assessments.ts";
import { type Act, postponedKey } from "./acts.ts";
import type { Draft } from "./draft.ts";
import { stepOf } from "./registry.ts";

/** How often a case that has been proved is proved again. */
const PROVE_AGAIN_MS = 300_000;

/** A proof that fails this often keeps no case from its end. */
const MOST_PROOFS_BEFORE_END = 3;

/** What was cut or learnt after the last proof, as when people took their time, is proved before the case says how it ended. */
export function mustProveFirst(draft: Draft): boolean {
  const { state } = draft.situation;
  const overtaken = proofs(draft).find(({ act, isOvertaken }) => {
    const { verb, subject } = postponedKey(act);
    const times = state.postponed.get(`${verb} ${subject}`)?.times ?? 0;
    return isOvertaken && times < MOST_PROOFS_BEFORE_END;
  });
  if (overtaken) draft.add(overtaken.act);
  return overtaken !== undefined;
}

/** A case that was proved is proved again, so that a cut that somebody undid does not go on being called one. */
export function decideNextProof(draft: Draft): void {
  const { now } = draft.situation;
  if (!draft.isEmpty) return;
  for (const { latest, act, isOvertaken } of proofs(draft)) {
    const next = nextProofAt(latest);
    if (isOvertaken || now >= next) return draft.add(act); // One after the other: each joins with the others.
    draft.wake(next);
  }
}

/** When evidence that is missing is due, and every five minutes. */
function nextProofAt({ asOf, dueAt }: AssessmentRecord): number {
  return dueAt === null || dueAt <= asOf ? asOf + PROVE_AGAIN_MS : Math.min(asOf + PROVE_AGAIN_MS, dueAt);
}

interface Proof {
  readonly latest: AssessmentRecord;
  /** The same, made again outside its stage. */
  readonly act: Extract<Act, { readonly verb: "assess" }>;
  /** Whether it would see more now. Not if each of its stages comes later, because what it reads does: nothing shows there at once. */
  readonly isOvertaken: boolean;
}

/** What was assessed, the latest of each kind. */
function proofs({ situation: { state, playbook, registry } }: Draft): readonly Proof[] {
  const latest = new Map(state.assessments.map((each) => [each.step, each]));
  return [...latest.values()].flatMap((each): readonly Proof[] => {
    const stages = playbook.stages.filter(({ steps }) => steps.some(({ use }) => use === each.step));
    const use = stages.at(-1)?.steps.find((one) => one.use === each.step);
    if (!use) return [];
    const isOnlyLater = stages.every(({ after }) => after !== null);
    const { reads = [] } = stepOf(registry, use.use);
    const isOvertaken = !isOnlyLater && (isOvertakenByCut(state, each) || mayKnowBetter(state, each, reads));
    return [{ latest: each, act: { verb: "assess", stage: null, use }, isOvertaken }];
  });
}

/**
 * Whether something was cut since the latest proof. What was saved or tagged meanwhile opens and closes nothing: a thousand cases
 * that prove it again wait for one another.
 */
function isOvertakenByCut({ changes }: CaseState, { asOf }: AssessmentRecord): boolean {
  return [...changes.values()].some(
    ({ change, verifiedAt }) => change.step.startsWith("contain.") && verifiedAt !== null && verifiedAt > asOf,
  );
}

/**
 * Whether something that a doubtful proof reads without waiting for it is there now: a case that joins an incident finds the
 * workstation standing, and learns only from its own claim that it is the incident's.
 */
function mayKnowBetter(
  { changes }: CaseState,
  { asOf, contained }: AssessmentRecord,
  reads: readonly string[],
): boolean {
  if (contained === true) return false;
  return [...changes.values()].some(
    ({ change, verifiedAt }) => reads.includes(change.step) && verifiedAt !== null && verifiedAt > asOf,
  );
}
