import { describe, test } from "vitest";
import type { AnyStep, Assessment } from "../core/step.ts";
import { artifactsAreWhole } from "./clauses/collecting.ts";
import { assessingChangesNothing, assessingSurvives, declaredReadsSuffice } from "./clauses/assessing.ts";
import { crashedRevertHeals, crashedRunHeals } from "./clauses/crashes.ts";
import { faultsPass, staleReadsPass } from "./clauses/faults.ts";
import { declaredPermissionsSuffice, permissionsAreExact } from "./clauses/permissions.ts";
import { planningChangesNothing, verifyLooks } from "./clauses/planning.ts";
import { revertRestores, twiceIsOnce } from "./clauses/repetition.ts";
import { casesShare } from "./clauses/sharing.ts";
import { asStep } from "./collection-step.ts";
import type { ContractOptions } from "./contract-options.ts";
import { NeededActions } from "./needed-actions.ts";
import type { Examination } from "./rehearsal.ts";

/** One sentence of the contract, and what finds out whether a step keeps it. */
export interface Clause {
  readonly title: string;
  /** @throws Error that says how it is broken. */
  readonly check: () => Promise<void>;
}

/** Long enough for every call of every verb to be killed in turn. */
const TIMEOUT_MS = 120_000;

/**
 * The contract that every step keeps, as tests: rehearsed on the range through Cordon's own AWS layer, on simulated time.
 *
 * The scenario must be one in which the step has something to do.
 */
export function contract(step: AnyStep, options: ContractOptions): void {
  describe(`the contract of ${step.id}`, () => {
    // oxlint-disable-next-line vitest/expect-expect, vitest/valid-title -- a clause throws where it is broken, and brings its own title.
    for (const { title, check } of clausesOf(step, options)) test(title, check, TIMEOUT_MS);
  });
}

/** The clauses that apply to a step. Each is checked once, whoever asks; the one on permissions checks all others first. */
export function clausesOf(step: AnyStep, options: ContractOptions): readonly Clause[] {
  const needed = new NeededActions();
  if (step.kind === "assessment") return assessingClauses({ step, options, needed });
  if (step.kind === "collection") return collectingClauses({ step: asStep(step), options, needed });
  return changingClauses({ step, options, needed });
}

/** `leaves` of its options says what AWS keeps as evidence, and nothing else may differ afterwards. */
function collectingClauses(examination: Examination): readonly Clause[] {
  const clause = clauseOf(examination);
  return withPermissions(examination, [
    clause("planning finds something to save, and changes nothing", planningChangesNothing),
    clause("verify says ok after collecting within its time, and not before", verifyLooks),
    clause("what it saved is whole, and says when it was read", artifactsAreWhole),
    clause("collecting changes nothing but what is declared as evidence", revertRestores),
    clause("a crash at any call of collect leaves no gap and no double", crashedRunHeals),
    clause("every call throttled, failed, answered late or lost once: the same end state", faultsPass),
    clause("reads that lag behind writes: the same end state", staleReadsPass),
    clause("the declared permissions suffice", declaredPermissionsSuffice),
  ]);
}

function changingClauses(examination: Examination): readonly Clause[] {
  const clause = clauseOf(examination);
  return withPermissions(examination, [
    clause("planning finds something to do, and changes nothing", planningChangesNothing),
    clause("verify says ok after the run within its time, and not before", verifyLooks),
    clause("running twice is running once, reverting twice is reverting once", twiceIsOnce),
    clause("revert brings the account back, but for what is declared", revertRestores),
    clause("a crash at any call of run is healed by running again, and by reverting", crashedRunHeals),
    clause("a crash at any call of revert is healed by reverting again", crashedRevertHeals),
    clause("every call throttled, failed, answered late or lost once: the same end state", faultsPass),
    clause("reads that lag behind writes: the same end state", staleReadsPass),
    ...(examination.step.kind === "shared"
      ? [clause("two cases on one resource keep their cuts, and leave it as it was", casesShare)]
      : []),
    clause("the declared permissions suffice", declaredPermissionsSuffice),
  ]);
}

function assessingClauses(examination: Examination<Assessment>): readonly Clause[] {
  const clause = clauseOf(examination);
  return withPermissions(examination, [
    clause("assessing changes nothing", assessingChangesNothing),
    clause("whatever happens to a call, it says the same of the same account", assessingSurvives),
    clause("the declared permissions suffice", declaredReadsSuffice),
  ]);
}

function clauseOf<Examined>(
  examination: Examined,
): (title: string, check: (examination: Examined) => Promise<void>) => Clause {
  return (title, check) => ({ title, check: once(() => check(examination)) });
}

function withPermissions({ step, needed }: Examination<AnyStep>, rehearsed: readonly Clause[]): readonly Clause[] {
  const exact: Clause = {
    title: "the declared permissions are exactly those that AWS checks",
    check: async () => {
      for (const { check } of rehearsed) await check().catch(() => {}); // Reported by its own test.
      permissionsAreExact(step.permissions, needed);
    },
  };
  return [...rehearsed, exact];
}

function once(check: () => Promise<void>): () => Promise<void> {
  let checked: Promise<void> | null = null;
  return () => (checked ??= check());
}
