import { expect, it } from "vitest";
import { CordonError } from "../../src/core/errors.ts";
import { createLaboratory, cutAndProve, openCase } from "./harness.ts";

const faults = [
  new CordonError("disk_full", { what: "the store" }),
  new CordonError("store_failed", { file: "store.sqlite", reason: "disk I/O error" }),
  new CordonError("store_unwritable", { file: "store.sqlite", reason: "readonly database" }),
  new CordonError("vault_unwritable", { location: "vault", reason: "there is no room left on the disk" }),
];

it.each(faults)("a change that failed because of $code is tried again by the same process", async (fault) => {
  const playbook = cutAndProve();
  const laboratory = createLaboratory({ scenario: "c2-beacon", seed: 7, playbook });
  try {
    await laboratory.clock.run(async () => {
      const { store, signal } = laboratory;
      const putClaim = store.putClaim.bind(store);
      let left = 3;
      store.putClaim = (...claim) => (left-- > 0 ? Promise.reject(fault) : putClaim(...claim));
      const life = laboratory.live();
      const state = await life.runner.work(await openCase(laboratory, life, playbook), { signal });
      expect(left).toBeLessThan(0);
      const states = [...state.changes.values()].map(({ change, state: at }) => `${change.id}: ${at}`);
      expect(states.filter((line) => line.endsWith(": failed"))).toEqual([]);
    });
  } finally {
    laboratory.close();
  }
});
