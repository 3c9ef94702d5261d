import type { ContractOptions } from "../contract-options.ts";
import { demand } from "../contract-breach.ts";
import { type Examination, onlyReads, rehearse } from "../rehearsal.ts";

/** Planning finds something to do, and changes nothing. */
export function planningChangesNothing(examination: Examination): Promise<void> {
  const { step, options } = examination;
  return rehearse(examination, async ({ account, case: one, state }) => {
    const from = account.range.calls.length;
    const planned = await one.plan(step, options.input);
    const writes = account
      .callsSince(from)
      .filter(({ operation }) => !onlyReads(operation))
      .map(({ service, operation }) => `${service}:${operation}`);
    demand(writes.length === 0, `plan sends calls that do not only read: ${[...new Set(writes)].join(", ")}`);
    demand(state().length === 0, `plan changes the account\n  ${state().join("\n  ")}`);
    demand(planned.length > 0, "plan finds nothing to do: choose a scenario in which the step has work");
  });
}

/** Verify says ok after the run, and not before. */
export function verifyLooks(examination: Examination): Promise<void> {
  const { step, options } = examination;
  return rehearse(examination, async ({ case: one, state }) => {
    const planned = await one.plan(step, options.input);
    for (const kept of planned) {
      const kind = await one.look(step, kept).then(
        (seen) => seen.kind,
        () => "an error",
      );
      demand(
        kind !== "ok",
        `verify says ok of ${kept.change.id} before the run: it cannot tell whether anything was done`,
      );
    }
    for (const kept of planned) await one.run(step, kept);
    for (const kept of planned) await one.verify(step, kept);
    demandWhole(options, state());
    const known = new Set(one.changesOf(step).map(({ change }) => change.id));
    const again = (await one.plan(step, options.input)).filter(({ change }) => !known.has(change.id));
    demand(
      again.length === 0 || step.plansUntilQuiet === true,
      `a plan after the run finds more to do: ${again.map(({ change }) => change.id).join(", ")}`,
    );
  });
}

/** What the account became is all that the author of the step expects of it, and nothing besides. */
function demandWhole({ brings }: ContractOptions, lines: readonly string[]): void {
  if (!brings) return;
  const left = [...lines];
  const missing = brings.filter((pattern) => {
    const at = left.findIndex((line) => pattern.test(line));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  demand(missing.length === 0, `the run leaves out what it should bring about: ${missing.map(String).join(", ")}`);
  demand(left.length === 0, `the run brings about more than it should\n  ${left.join("\n  ")}`);
}
