import type { Json } from "../core/json.ts";
import type { ChangingStep } from "../core/step.ts";
import { onAccount, type StagedAccount } from "./account.ts";
import { asStep } from "./collection-step.ts";
import type { ContractOptions, Staging } from "./contract-options.ts";
import { endState } from "./end-state.ts";
import type { NeededActions } from "./needed-actions.ts";
import { RehearsedCase } from "./rehearsed-case.ts";
import { isChanging } from "../engine/registry.ts";
import { demand } from "./contract-breach.ts";

/** A step under examination, and what the rehearsals so far have shown that it needs. */
export interface Examination<Examined = ChangingStep> {
  readonly step: Examined;
  readonly options: ContractOptions;
  readonly needed: NeededActions;
}

/** An account on which everything is ready for the step, and the case that will carry it out. */
export interface Stage {
  readonly account: StagedAccount;
  readonly case: RehearsedCase;
  readonly baseline: Json;
  /** What the account became since, in comparable words. */
  readonly state: () => readonly string[];
}

export interface Harder {
  readonly staging?: Staging;
  readonly staleMs?: number;
  readonly seed?: number;
}

/** Stages an account, lets the case carry out what lies before the step, and plays. */
export function rehearse<Result>(
  { step, options, needed }: Examination<{ readonly id: string }>,
  play: (stage: Stage) => Promise<Result>,
  { staging = options, staleMs = 0, seed = 1 }: Harder = {},
): Promise<Result> {
  return onAccount({ subject: step.id, staging, staleMs, seed }, async (account) => {
    const [target] = account.targets;
    demand(target !== undefined, `the scenario ${staging.scenario} has no target`);
    const itself = new RehearsedCase({ id: "case-a", account, target, needed });
    if (staleMs > 0) await account.clock.sleep(staleMs); // What was staged has been there for a while.
    await carryOutBefore(itself, staging);
    const baseline = account.snapshot();
    const result = await play({ account, case: itself, baseline, state: () => endState(baseline, account.snapshot()) });
    itself.demandNothingLate();
    return result;
  });
}

/** Carries out what lies before the step in a case. */
export async function carryOutBefore(one: RehearsedCase, { before = [] }: Staging): Promise<void> {
  for (const step of before) {
    if (step.kind === "collection") await one.carryOut(asStep(step));
    else if (isChanging(step)) await one.carryOut(step);
  }
}

/** What became of the account, from plan to release. */
export interface Course {
  readonly contained: readonly string[];
  readonly reverted: readonly string[];
  /** After what a release leaves for a while has ended. */
  readonly settled: readonly string[];
}

/** Reverts every change of the step, the last first, and lets residues end. */
export async function release(step: ChangingStep, stage: Stage): Promise<Pick<Course, "reverted" | "settled">> {
  for (const kept of stage.case.changesOf(step).toReversed()) await stage.case.revert(step, kept);
  const reverted = stage.state();
  await stage.case.endResidues(step);
  return { reverted, settled: stage.state() };
}

/** Everything that a case does with the step, in order. */
export async function wholeCourse(
  { step, options }: Examination,
  stage: Stage,
  staging: Staging = options,
): Promise<Course> {
  await stage.case.carryOut(step, staging.input);
  const contained = stage.state();
  return { contained, ...(await release(step, stage)) };
}

const courses = new WeakMap<Examination, Promise<Course>>();

/** The course that nothing disturbs, to compare others with. */
export function undisturbed(examination: Examination): Promise<Course> {
  const known = courses.get(examination) ?? rehearse(examination, (stage) => wholeCourse(examination, stage));
  courses.set(examination, known);
  return known;
}

/** Reads, by AWS's own naming. */
export function onlyReads(operation: string): boolean {
  return /^(Describe|Filter|Get|List|Lookup|Simulate)/.test(operation);
}
