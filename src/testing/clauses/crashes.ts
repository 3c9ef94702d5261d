import { demand, ProcessDied } from "../contract-breach.ts";
import { demandSameState } from "../end-state.ts";
import type { FaultKind } from "../../range/faults.ts";
import type { KeptChange } from "../kept-change.ts";
import { type Examination, rehearse, release, type Stage, undisturbed } from "../rehearsal.ts";

const CRASHES = ["crash-before", "crash-after"] as const satisfies readonly FaultKind[];

/** More calls than a verb of a step ever makes: beyond it, the fault can never be outrun. */
const MOST_CALLS = 200;

/** A crash before or after any call of run is healed by running again, and by reverting at once. */
export async function crashedRunHeals(examination: Examination): Promise<void> {
  const { step } = examination;
  const expected = await undisturbed(examination);
  for (const kind of CRASHES) {
    await eachCall(async (nth) => {
      const hit = await rehearse(examination, async (stage) => {
        const planned = await planFor(examination, stage);
        if (!(await interrupted(stage, { kind, nth }, () => runAll(examination, stage, planned)))) return false;
        const where = `${kind} of call ${nth} of run, then run again`;
        await told(where, async () => {
          await runAll(examination, stage, planned);
          for (const kept of planned) await stage.case.verify(step, kept);
          demandSameState(expected.contained, stage.state(), "contained");
          const { reverted, settled } = await release(step, stage);
          demandSameState(expected.reverted, reverted, "reverted");
          demandSameState(expected.settled, settled, "settled");
        });
        return true;
      });
      if (hit) await revertedAtOnce(examination, { kind, nth });
      return hit;
    });
  }
}

async function revertedAtOnce(
  examination: Examination,
  rule: { readonly kind: FaultKind; readonly nth: number },
): Promise<void> {
  const { step, options } = examination;
  await rehearse(examination, async (stage) => {
    const planned = await planFor(examination, stage);
    await interrupted(stage, rule, () => runAll(examination, stage, planned));
    await told(`${rule.kind} of call ${rule.nth} of run, then revert`, async () => {
      for (const kept of planned.toReversed()) if (kept.state !== "planned") await stage.case.revert(step, kept);
      await stage.case.endResidues(step);
      const left = stage.state().filter((line) => !(options.leaves ?? []).some((pattern) => pattern.test(line)));
      demandSameState([], left, "reverted");
    });
  });
}

/** A crash before or after any call of revert is healed by reverting again. */
export async function crashedRevertHeals(examination: Examination): Promise<void> {
  const { step, options } = examination;
  const expected = await undisturbed(examination);
  for (const kind of CRASHES) {
    await eachCall((nth) =>
      rehearse(examination, async (stage) => {
        await stage.case.carryOut(step, options.input);
        const kept = stage.case.changesOf(step).toReversed();
        const revertAll = async (): Promise<void> => {
          for (const each of kept) if (each.state !== "reverted") await stage.case.revert(step, each);
        };
        if (!(await interrupted(stage, { kind, nth }, revertAll))) return false;
        await told(`${kind} of call ${nth} of revert, then revert again`, async () => {
          await revertAll();
          demandSameState(expected.reverted, stage.state(), "reverted");
          await stage.case.endResidues(step);
          demandSameState(expected.settled, stage.state(), "settled");
        });
        return true;
      }),
    );
  }
}

/** Tries 1, 2, 3 ... until the work ends without reaching that call. */
export async function eachCall(hits: (nth: number) => Promise<boolean>): Promise<void> {
  for (let nth = 1; await hits(nth); nth++) demand(nth < MOST_CALLS, `it made ${MOST_CALLS} calls and did not end`);
}

/** Says in which rehearsal a demand was not met. */
export async function told<Result>(where: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw new Error(`${where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** Whether the process died on the way; another one has then taken over. */
async function interrupted(
  { account }: Stage,
  rule: { readonly kind: FaultKind; readonly nth: number },
  work: () => Promise<void>,
): Promise<boolean> {
  const end = account.plant(rule);
  try {
    await work();
    return false;
  } catch (error) {
    if (!(error instanceof ProcessDied)) throw error;
    return true;
  } finally {
    end();
    if (account.process.signal.aborted) await account.takeOver();
  }
}

function planFor({ step, options }: Examination, stage: Stage): Promise<readonly KeptChange[]> {
  return stage.case.plan(step, options.input);
}

async function runAll({ step }: Examination, { case: one }: Stage, planned: readonly KeptChange[]): Promise<void> {
  for (const kept of planned) if (kept.state === "planned" || kept.state === "started") await one.run(step, kept);
}
