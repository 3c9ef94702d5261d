import type { FaultKind } from "../../range/faults.ts";
import type { Assessed, Assessment } from "../../core/step.ts";
import { stagingsOf, type Staging } from "../contract-options.ts";
import { demand, ProcessDied } from "../contract-breach.ts";
import { throughJson } from "../json-form.ts";
import { type Examination, onlyReads, rehearse, type Stage } from "../rehearsal.ts";
import { eachCall, told } from "./crashes.ts";

type Examined = Examination<Assessment>;

/** Assessing changes nothing, sends only reads, and what it says survives JSON; in every staging. */
export async function assessingChangesNothing(examination: Examined): Promise<void> {
  for (const staging of stagingsOf(examination.options)) {
    await rehearse(
      examination,
      async (stage) => {
        const from = stage.account.range.calls.length;
        const assessed = await assess(examination, stage, staging);
        const writes = stage.account.callsSince(from).filter(({ operation }) => !onlyReads(operation)).map(({ service, operation }) => `${service}:${operation}`);
        demand(writes.length === 0, `assess sends calls that do not only read: ${[...new Set(writes)].join(", ")}`);
        demand(stage.state().length === 0, `assess changes the account\n  ${stage.state().join("\n  ")}`);
        demand(assessed.checks.length > 0, "assess checks nothing: choose a scenario in which it has something to look at");
      },
      { staging },
    );
  }
}

/** Whatever happens to a call of it, it says the same of the same account; after a crash, when asked again. */
export async function assessingSurvives(examination: Examined): Promise<void> {
  const said = await rehearse(examination, async (stage) => findings(await assess(examination, stage)));
  for (const kind of ["throttle", "error", "late", "lost-answer", "crash-before", "crash-after"] as const satisfies readonly FaultKind[]) {
    await eachCall((nth) =>
      rehearse(examination, async (stage) => {
        const struck = stage.account.plant({ kind, nth });
        let hit = false;
        const assessed = await assess(examination, stage).catch(async (error: unknown) => {
          if (!(error instanceof ProcessDied)) throw error;
          hit = true;
          struck();
          await stage.account.takeOver();
          return assess(examination, stage);
        });
        await told(`${kind} of call ${nth}`, () => {
          demand(findings(assessed) === said, `assess says something else of the same account\n  ${said}\n  ${findings(assessed)}`);
          return Promise.resolve();
        });
        return hit || struck();
      }),
    );
  }
}

export async function declaredReadsSuffice(examination: Examined): Promise<void> {
  await rehearse(examination, (stage) =>
    told("with exactly the declared permissions", async () => {
      await stage.account.allowOnly(examination.step.permissions.target.assess ?? []);
      await assess(examination, stage);
    }),
  );
}

async function assess({ step, options }: Examined, { case: one, account }: Stage, staging: Staging = options): Promise<Assessed> {
  await account.clock.sleep(SETTLED_MS);
  return throughJson(await one.assess(step, staging.input), "what assess says");
}

/** After this, nothing that was done before is still on its way, so that the time of a look makes no difference. */
const SETTLED_MS = 120_000;

function findings({ checks, survivors }: Assessed): string {
  return JSON.stringify({ checks, survivors });
}
