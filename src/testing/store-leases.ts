import { expect, test } from "vitest";
import type { Fence, Store } from "../core/store.ts";
import { claim, first, NOW, type On, stage } from "./store-samples.ts";

const ours = (token: number) => ({ kind: "ours", token });

/** Leases, and the tokens that tell one tenure from the next. */
export function leases(on: On): void {
  test(
    "a lease is its owner's until it ends or is given back, and its token rises with each change of hands",
    on(async (store) => {
      const heldBy = (owner: string, until: number) => ({ kind: "held", owner, until });
      expect(await store.lease("case 1", "a", NOW + 30_000, NOW)).toEqual(ours(1));
      expect(await store.lease("case 1", "b", NOW + 31_000, NOW + 1000)).toEqual(heldBy("a", NOW + 30_000));
      expect(await store.lease("case 1", "a", NOW + 40_000, NOW + 10_000)).toEqual(ours(1));
      expect(await store.lease("case 1", "b", NOW + 69_999, NOW + 39_999)).toEqual(heldBy("a", NOW + 40_000));
      expect(await store.lease("case 1", "b", NOW + 70_000, NOW + 40_000)).toEqual(ours(2));
      await store.unlease("case 1", "a"); // No longer its own.
      expect(await store.lease("case 1", "a", NOW + 70_000, NOW + 40_000)).toEqual(heldBy("b", NOW + 70_000));
      await store.unlease("case 1", "b");
      expect(await store.lease("case 1", "a", NOW + 70_000, NOW + 40_000)).toEqual(ours(3));
    }),
  );

  test(
    "an owner that renews late keeps its token if nobody came between, and not after giving it back",
    on(async (store) => {
      expect(await store.lease("case 1", "a", NOW + 30_000, NOW)).toEqual(ours(1));
      expect(await store.lease("case 1", "a", NOW + 90_000, NOW + 60_000)).toEqual(ours(1));
      await store.unlease("case 1", "a");
      expect(await store.lease("case 1", "a", NOW + 90_000, NOW + 60_000)).toEqual(ours(2));
    }),
  );

  test(
    "of those who ask in the same turn one gets it",
    on(async (store) => {
      const answers = await Promise.all(
        ["a", "b", "c"].map((owner) => store.lease("case 1", owner, NOW + 30_000, NOW)),
      );
      expect(answers.filter(({ kind }) => kind === "ours")).toHaveLength(1);
    }),
  );

  test(
    "leases of different names do not meet",
    on(async (store) => {
      expect(await store.lease("case 1", "a", NOW + 30_000, NOW)).toEqual(ours(1));
      expect(await store.lease("case 2", "b", NOW + 30_000, NOW)).toEqual(ours(1));
    }),
  );
}

/** Leaves lease `case 1` with token 2, so that a fence with token 1 is too low. */
async function overtake(store: Store): Promise<{ readonly old: Fence; readonly present: Fence }> {
  await store.lease("case 1", "a", NOW + 30_000, NOW);
  await store.lease("case 1", "b", NOW + 70_000, NOW + 30_000);
  return { old: { lease: "case 1", token: 1 }, present: { lease: "case 1", token: 2 } };
}

/** Every write that rests on a lease is refused with a lower token than the lease has. */
export function fences(on: On): void {
  const refused = { code: "overtaken" };

  test(
    "an append of an overtaken process is refused and keeps nothing; the present owner's and a person's are taken",
    on(async (store) => {
      const { old, present } = await overtake(store);
      const original = { resource: "eni-1", attribute: "groups", value: ["sg-1"] };
      await expect(store.append(first("case-1", { fences: [old], originals: [original] }))).rejects.toMatchObject(
        refused,
      );
      expect(await store.read("case-1", 0)).toEqual([]);
      expect(await store.originals("eni-1")).toEqual([]);
      const sealed = await store.append(first("case-1", { fences: [present] }));
      const previous = sealed?.[0]?.hash ?? "";
      const more = { case: "case-1", sequence: 1, previous, now: NOW, events: [stage("a")] };
      await expect(store.append({ ...more, fences: [present, old] })).rejects.toMatchObject(refused);
      expect(await store.append(more)).toHaveLength(1);
    }),
  );

  test(
    "a claim is neither put nor taken away by an overtaken process",
    on(async (store) => {
      const { old, present } = await overtake(store);
      const claims = (): Promise<readonly unknown[]> => store.claims("contain.remote-addresses", "acl-1");
      await expect(store.putClaim(claim("a"), [old])).rejects.toMatchObject(refused);
      expect(await claims()).toEqual([]);
      await store.putClaim(claim("a"), [present]);
      await expect(store.removeClaim(claim("a"), [old])).rejects.toMatchObject(refused);
      expect(await claims()).toEqual([claim("a")]);
      await store.removeClaim(claim("a"), [present]);
      expect(await claims()).toEqual([]);
    }),
  );

  test(
    "a claim ledger is neither saved nor taken away by an overtaken process",
    on(async (store) => {
      const { old, present } = await overtake(store);
      const ledger = { original: { rules: [100] }, ours: null };
      await expect(store.saveLedger("s", "acl-1", ledger, [old])).rejects.toMatchObject(refused);
      expect(await store.ledger("s", "acl-1")).toBeNull();
      await store.saveLedger("s", "acl-1", ledger, [present]);
      await expect(store.saveLedger("s", "acl-1", null, [old])).rejects.toMatchObject(refused);
      expect(await store.ledger("s", "acl-1")).toEqual(ledger);
    }),
  );

  test(
    "a lease that was given back and taken by nobody fences nobody out but its last owner's successor",
    on(async (store) => {
      const { present } = await overtake(store);
      await store.unlease("case 1", "b");
      expect(await store.append(first("case-1", { fences: [present] }))).toHaveLength(1);
      await store.lease("case 1", "c", NOW + 90_000, NOW + 40_000);
      await expect(store.putClaim(claim("a"), [present])).rejects.toMatchObject(refused);
    }),
  );
}
