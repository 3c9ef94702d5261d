import { expect, test } from "vitest";
import type { Laboratory } from "./harness.ts";
import { askRelease, createLaboratory, openCase, cutAndProve } from "./harness.ts";
import type { RangeOptions } from "../../src/range/range.ts";
import { differences } from "../../src/range/snapshot-difference.ts";
import type { FaultRule } from "../../src/range/faults.ts";

const playbook = cutAndProve();

/** What the steps say they do not restore exactly. */
const declared = /connectionTracking|profileAssociation\.id/;

/** What the store still knows of claims on a resource of a step. */
async function kept({ store }: Laboratory, step: string, resource: string) {
  return { claims: await store.claims(step, resource), ledger: await store.ledger(step, resource) };
}

/** Runs a case whose claim fails for good, releases it, and tells what is left of the claim. */
async function failAndRelease({ fault, range }: { fault?: FaultRule; range?: Partial<RangeOptions> }, step: string) {
  const laboratory = createLaboratory({ scenario: "c2-beacon", seed: 7, playbook, ...(range ? { range } : {}) });
  try {
    return await laboratory.clock.run(async () => {
      const { signal } = laboratory;
      const before = laboratory.range.snapshot();
      if (fault) laboratory.range.faults.inject(fault);
      const life = laboratory.live();
      const caseId = await openCase(laboratory, life, playbook);
      const state = await life.runner.work(caseId, { signal });
      const failed = [...state.changes.values()].filter(
        ({ change, state: at }) => change.step === step && at === "failed",
      );
      laboratory.range.faults.clear();
      await askRelease(life, caseId);
      const released = await life.runner.work(caseId, { signal });
      await laboratory.clock.sleep(13 * 3_600_000); // Longer than a deny on old credentials outlives its release.
      await life.runner.endResidues(caseId, signal);
      const left = await Promise.all(failed.map(({ change }) => kept(laboratory, step, change.resource)));
      return {
        failed: failed.length,
        released: released.release?.ended,
        left,
        account: differences(before, laboratory.range.snapshot()).map(({ what }) => what),
      };
    });
  } finally {
    laboratory.close();
  }
}

test.each<[string, string, { fault?: FaultRule; range?: Partial<RangeOptions> }]>([
  [
    "that finds no room in the network ACL",
    "contain.remote-addresses",
    { range: { variants: ["nacl-rules-start-at-1"] } },
  ],
  [
    "whose write is refused",
    "contain.role-sessions",
    { fault: { kind: "access-denied", operation: "PutRolePolicy", times: Infinity } },
  ],
  [
    "whose every write fails inside AWS",
    "contain.remote-addresses",
    { fault: { kind: "error", operation: "CreateNetworkAclEntry", times: Infinity } },
  ],
])("a claim %s leaves nothing in the store or the account once its case is released", async (_how, step, options) => {
  const { failed, released, left, account } = await failAndRelease(options, step);
  expect(failed).toBeGreaterThan(0);
  expect(released).toBe("released");
  expect(left).toEqual(Array.from({ length: failed }, () => ({ claims: [], ledger: null })));
  expect(account.filter((what) => !declared.test(what))).toEqual([]);
});
