import { expect, test } from "vitest";
import { claim, first, type On, opening, stage } from "./store-samples.ts";

/** Writes of one turn, one of which cannot be taken. */
export function failing(on: On): void {
  test(
    "an event that is too long fails alone: what was written beside it is kept, and nothing of its own is",
    on(async (store) => {
      const tooLong = first("case-2", { events: [opening("i-2"), stage("x".repeat(70_000))] });
      const outcomes = await Promise.allSettled([
        store.append(first("case-1")),
        store.append(tooLong),
        store.putClaim(claim("203.0.113.9")),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
      expect(await store.read("case-1", 0)).toHaveLength(1);
      expect(await store.claims("contain.remote-addresses", "acl-1")).toEqual([claim("203.0.113.9")]);
      expect(await store.cases()).toEqual(["case-1"]);
      expect(await store.read("case-2", 0)).toEqual([]);
      await expect(store.append(first("case-2"))).resolves.toHaveLength(1);
    }),
  );
  test(
    "a write that fails after it wrote takes back what it wrote",
    on(async (store) => {
      const secret: Record<string, unknown> = {};
      secret["itself"] = secret; // No JSON can hold it: the failure comes after the event is in.
      const original = { resource: "eni-1", attribute: "groups", value: secret as never };
      const outcomes = await Promise.allSettled([
        store.append(first("case-1", { originals: [original] })),
        store.append(first("case-2")),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
      expect(await store.cases()).toEqual(["case-2"]);
      expect(await store.read("case-1", 0)).toEqual([]);
    }),
  );
}
