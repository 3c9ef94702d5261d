import { expect, test } from "vitest";
import type { SharedStep } from "../../src/core/step.ts";
import { forensicWorkstation } from "../../src/steps/investigate/forensic-workstation.ts";
import { clausesOf } from "../../src/testing/contract.ts";
import type { ContractOptions } from "../../src/testing/contract-options.ts";
import { prepareWorkstation, withWorkstation } from "./workstations.ts";

const options: ContractOptions = {
  scenario: "c2-beacon",
  prepare: prepareWorkstation,
  settings: withWorkstation,
  leaves: [/^instance <new> is new$/],
};

const launch = forensicWorkstation as unknown as SharedStep;

async function verdict(step: SharedStep, title: string): Promise<string> {
  const clause = clausesOf(step, options).find((each) => each.title.startsWith(title));
  if (!clause) throw new Error(`there is no clause "${title}"`);
  return clause.check().then(
    () => "kept",
    (error: unknown) => (error as Error).message,
  );
}

test("A launch that is recorded only after it is found out by the second one that a crash brings", async () => {
  const planted: SharedStep = {
    ...launch,
    reconcile: (context, resource, ledger) =>
      launch.reconcile(context, resource, {
        ...ledger,
        save: (next) =>
          (next.ours as { readonly instanceId: string | null }).instanceId === null
            ? Promise.resolve()
            : ledger.save(next),
      }),
  };
  expect(await verdict(planted, "a crash at any call of run")).toMatch(/^crash-(before|after) of call \d of run/);
}, 60_000);

test("A release that forgets the other case is found out by that case's workstation", async () => {
  const planted: SharedStep = {
    ...launch,
    reconcile: (context, resource, ledger) =>
      launch.reconcile(context, resource, {
        ...ledger,
        claims: ledger.asked.length === 0 ? [] : ledger.claims,
      }),
  };
  expect(await verdict(planted, "two cases on one resource")).toMatch(
    /the cut of i-\S+ does not hold: verify says failed/,
  );
}, 60_000);
