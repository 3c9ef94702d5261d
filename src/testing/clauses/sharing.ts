import type { ChangingStep } from "../../core/step.ts";
import type { StagedAccount } from "../account.ts";
import { demandSameState, endState } from "../end-state.ts";
import { RehearsedCase } from "../rehearsed-case.ts";
import { carryOutBefore, type Examination, rehearse } from "../rehearsal.ts";
import { told } from "./crashes.ts";

type Move = (cases: Pair) => Promise<void>;

interface Pair {
  readonly a: RehearsedCase;
  readonly b: RehearsedCase;
  /** Fails where one of these cases is not cut off any more. */
  readonly hold: (...cases: readonly RehearsedCase[]) => Promise<void>;
  readonly plan: (one: RehearsedCase) => Promise<void>;
  readonly run: (one: RehearsedCase) => Promise<void>;
  readonly revert: (one: RehearsedCase) => Promise<void>;
}

/** How two cases may meet on a resource; each case is held to its cut after every move of the other. */
const MEETINGS: readonly (readonly [name: string, move: Move])[] = [
  [
    "contained one after the other, the first released first",
    async ({ a, b, plan, run, revert, hold }) => {
      await plan(a);
      await run(a);
      await plan(b);
      await run(b);
      await hold(a, b);
      await revert(a);
      await hold(b);
      await revert(b);
    },
  ],
  [
    "planned together, contained in turn, the last released first",
    async ({ a, b, plan, run, revert, hold }) => {
      await plan(a);
      await plan(b);
      await run(b);
      await hold(b);
      await run(a);
      await hold(a, b);
      await revert(b);
      await hold(a);
      await revert(a);
    },
  ],
  [
    "contained at the same time, released at the same time",
    async ({ a, b, plan, run, revert, hold }) => {
      await Promise.all([plan(a), plan(b)]);
      await Promise.all([run(a), run(b)]);
      await hold(a, b);
      await Promise.all([revert(a), revert(b)]);
    },
  ],
  [
    "the second contained while the first is released",
    async ({ a, b, plan, run, revert, hold }) => {
      await plan(a);
      await run(a);
      await plan(b);
      await Promise.all([revert(a), run(b)]);
      await hold(b);
      await revert(b);
    },
  ],
  [
    "the second planned before the first is released, and contained after it",
    async ({ a, b, plan, run, revert, hold }) => {
      await plan(a);
      await run(a);
      await plan(b);
      await revert(a);
      await run(b);
      await hold(b);
      await revert(b);
    },
  ],
];

/** Two cases on a shared resource: in any order the account is as it was at the end, and neither lifts the other's cut. */
export async function casesShare(examination: Examination): Promise<void> {
  const { step, options } = examination;
  const variants = [...new Set([...(options.variants ?? []), "neighbour" as const])];
  const staging = { ...options, ...options.shared, variants: options.shared?.variants ?? variants };
  for (const [name, move] of MEETINGS) {
    await rehearse(
      examination,
      async ({ account }) => {
        await told(name, async () => {
          const cases = pairOn(account, examination);
          for (const one of [cases.a, cases.b]) await carryOutBefore(one, staging);
          const baseline = account.snapshot();
          await move(cases);
          await cases.a.endResidues(step);
          await cases.b.endResidues(step);
          const left = endState(baseline, account.snapshot()).filter((line) => !mayStay(examination, line));
          demandSameState([], left, "everything released");
        });
      },
      { staging: { ...staging, before: [] } }, // Each of the two carries it out for itself.
    );
  }
}

/** What a step says that it does not bring back. What only a residue leaves for a while has ended here. */
function mayStay({ step, options }: Examination, line: string): boolean {
  const hasResidue = step.kind === "shared" && step.residue !== undefined;
  return !hasResidue && (options.leaves ?? []).some((pattern) => pattern.test(line));
}

/** The target's case and its neighbour's, each in a process of its own, over one store. */
function pairOn(account: StagedAccount, { step, options, needed }: Examination): Pair {
  const caseOf = (id: string, target = account.neighbour()): RehearsedCase =>
    new RehearsedCase({ id, account, target, needed, process: account.newProcess() });
  return {
    a: caseOf("case-a", account.targets[0]),
    b: caseOf("case-b"),
    hold: async (...cases) => {
      for (const one of cases) await verified(step, one);
    },
    plan: async (one) => void (await one.plan(step, options.input)),
    run: async (one) => {
      for (const kept of one.changesOf(step)) await one.run(step, kept);
    },
    revert: async (one) => {
      for (const kept of one.changesOf(step).toReversed()) await one.revert(step, kept);
    },
  };
}

async function verified(step: ChangingStep, one: RehearsedCase): Promise<void> {
  for (const kept of one.changesOf(step))
    await told(`the cut of ${kept.change.claim?.member ?? kept.change.id} does not hold`, () => one.verify(step, kept));
}
