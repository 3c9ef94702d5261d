import type { FaultKind } from "../../range/faults.ts";
import type { Assessed, Assessment } from "../../core/step.ts";
import { stagingsOf, type Staging } from "../contract-options.ts";
import { demand, ProcessDied } from "../contract-breach.ts";
import { throughJson } from "../json-form.ts";
import { type Examination, onlyReads, rehearse, type Stage } from "../rehearsal.ts";
import { eachCall, told } from "./crashes.ts";
import { declaredActions } from "./permissions.ts";

type Examined = Examination<Assessment>;

/** Assessing changes nothing, sends only reads, and what it says survives JSON; in every staging. */
export async function assessingChangesNothing(examination: Examined): Promise<void> {
  for (const staging of stagingsOf(examination.options)) {
    await rehearse(
      examination,
      async (stage) => {
        const from = stage.account.range.calls.length;
        const assessed = await assess(examination, stage, staging);
        const writes = stage.account
          .callsSince(from)
          .filter(({ operation }) => !onlyReads(operation))
          .map(({ service, operation }) => `${service}:${operation}`);
        demand(writes.length === 0, `assess sends calls that do not only read: ${[...new Set(writes)].join(", ")}`);
        demand(stage.state().length === 0, `assess changes the account\n  ${stage.state().join("\n  ")}`);
        demand(
          assessed.checks.length > 0,
          "assess checks nothing: choose a scenario in which it has something to look at",
        );
      },
      { staging },
    );
  }
}

const FAULTS = [
  "throttle",
  "error",
  "late",
  "lost-answer",
  "crash-before",
  "crash-after",
] as const satisfies readonly FaultKind[];

/**
 * Whatever happens to a call of it, it says the same of the same account; after a crash, when asked again.
 * One account serves for all faults, as nothing changes in it.
 */
export function assessingSurvives(examination: Examined): Promise<void> {
  return rehearse(examination, async (stage) => {
    const said = findings(await assess(examination, stage));
    for (const kind of FAULTS) {
      await eachCall((nth) =>
        told(`${kind} of call ${nth}`, async () => {
          const struck = stage.account.plant({ kind, nth });
          const heard = await assess(examination, stage).catch((error: unknown) => {
            if (!(error instanceof ProcessDied)) throw error;
            return null;
          });
          const hit = struck();
          if (heard === null) await stage.account.takeOver();
          const observed = findings(heard ?? (await assess(examination, stage)));
          demand(observed === said, `assess says something else of the same account\n  ${said}\n  ${observed}`);
          return hit;
        }),
      );
    }
  });
}

/** A role that may do what the assessment declares and nothing else is enough for it. */
export async function declaredReadsSuffice(examination: Examined): Promise<void> {
  await rehearse(examination, (stage) =>
    told("with exactly the declared permissions", async () => {
      await stage.account.allowOnly(declaredActions(examination.step));
      await assess(examination, stage);
    }),
  );
}

async function assess(
  { step, options }: Examined,
  { case: one, account }: Stage,
  staging: Staging = options,
): Promise<Assessed> {
  await account.clock.sleep(hasSettled.has(account) ? SETTLED_MS : (staging.settledMs ?? SETTLED_MS));
  hasSettled.add(account);
  return throughJson(await one.assess(step, staging.input), "what assess says");
}

/** After this, nothing that was done before is still on its way, so that the time of a look makes no difference. */
const SETTLED_MS = 120_000;

/** Accounts in which all is there that the assessment looks at: it changes nothing, so one wait is enough. */
const hasSettled = new WeakSet<Stage["account"]>();

/** Up to when something was read moves with the time of the look. */
function findings({ checks, survivors }: Assessed): string {
  return JSON.stringify({ checks, survivors }).replaceAll(/\d\d:\d\d:\d\dZ/g, "hh:mm:ssZ");
}
