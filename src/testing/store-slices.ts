import { expect, test } from "vitest";
import type { SliceRequest, Store } from "../core/store.ts";
import { NOW, type On } from "./store-samples.ts";

/** A limit of a hundred tokens, ten of which come in every second. */
const ask = (owner: string, more: Partial<SliceRequest> = {}): SliceRequest => ({
  key: "aws 111122223333 eu-west-1 ec2:CreateTags",
  owner,
  most: 100,
  perSecond: 10,
  left: 0,
  owed: 0,
  want: 1000,
  weight: 1,
  now: NOW,
  until: NOW + 3000,
  ...more,
});

const at = (ms: number): Pick<SliceRequest, "now" | "until"> => ({ now: NOW + ms, until: NOW + ms + 3000 });

/** What a process has that comes alone and takes all there is. */
async function takeAll(store: Store, owner: string): Promise<number> {
  const first = await store.leaseSlice(ask(owner));
  const second = await store.leaseSlice(ask(owner, { left: first.tokens }));
  return second.tokens;
}

/** The same, and uses it up. */
async function useAll(store: Store, owner: string): Promise<void> {
  await takeAll(store, owner);
  expect(await store.leaseSlice(ask(owner))).toEqual({ tokens: 0 });
}

/** Parts of a rate limit, as several processes lease them. */
export function slices(on: On): void {
  dividing(on);
  accounting(on);
}

function dividing(on: On): void {
  test(
    "who is alone has little at first, and the whole bucket with the next renewal",
    on(async (store) => {
      expect(await store.leaseSlice(ask("a"))).toEqual({ tokens: 5 });
      expect(await store.leaseSlice(ask("a", { left: 5 }))).toEqual({ tokens: 100 });
    }),
  );
  test(
    "no more is given than is wanted, and the rest stays for the others",
    on(async (store) => {
      await store.leaseSlice(ask("a"));
      expect(await store.leaseSlice(ask("a", { left: 5, want: 20, weight: 0 }))).toEqual({ tokens: 25 });
      expect((await store.leaseSlice(ask("b"))).tokens).toBe(75);
    }),
  );
  test(
    "an empty bucket fills as fast as it does, in equal parts for those who wait, whoever asks first and how often",
    on(async (store) => {
      await useAll(store, "a");
      expect(await store.leaseSlice(ask("b"))).toEqual({ tokens: 0 });
      expect((await store.leaseSlice(ask("a", at(1000)))).tokens).toBeCloseTo(5);
      expect((await store.leaseSlice(ask("a", { left: 5, ...at(1000) }))).tokens).toBeCloseTo(5);
      expect((await store.leaseSlice(ask("b", at(1000)))).tokens).toBeCloseTo(5);
      expect((await store.leaseSlice(ask("b", at(2000)))).tokens).toBeCloseTo(5);
    }),
  );
}

function accounting(on: On): void {
  test(
    "what is held counts as being in the bucket, so that no more than the bucket is ever out",
    on(async (store) => {
      await takeAll(store, "a");
      expect(await store.leaseSlice(ask("a", { left: 100, ...at(2000) }))).toEqual({ tokens: 100 });
      expect(await store.leaseSlice(ask("b", at(2000)))).toEqual({ tokens: 0 });
    }),
  );
  test(
    "what is given back is there for the others",
    on(async (store) => {
      await takeAll(store, "a");
      expect(await store.leaseSlice(ask("a", { left: 60, want: null }))).toEqual({ tokens: 0 });
      expect(await takeAll(store, "b")).toBeCloseTo(60);
    }),
  );
  test(
    "a slice that nobody renewed is gone and counts as used, and nobody can give it back",
    on(async (store) => {
      await takeAll(store, "a");
      expect(await takeAll(store, "b")).toBe(0);
      expect(await store.leaseSlice(ask("a", { left: 100, want: null, ...at(3000) }))).toEqual({ tokens: 0 });
      expect((await store.leaseSlice(ask("b", at(3000)))).tokens).toBeLessThanOrEqual(30);
    }),
  );
  test(
    "what was sent without a token is taken off what comes in",
    on(async (store) => {
      await useAll(store, "a");
      expect(await store.leaseSlice(ask("a", { owed: 5 }))).toEqual({ tokens: 0 });
      expect((await store.leaseSlice(ask("a", at(1000)))).tokens).toBeCloseTo(5);
    }),
  );
  test(
    "no more is believed to be left than the store knows of, and other limits do not meet",
    on(async (store) => {
      const { tokens } = await store.leaseSlice(ask("a"));
      expect((await store.leaseSlice(ask("a", { left: 1000, want: 0 }))).tokens).toBe(tokens);
      await takeAll(store, "a");
      expect(await store.leaseSlice(ask("a", { key: "another" }))).toEqual({ tokens: 5 });
    }),
  );
  test(
    "a clock that is behind takes nothing back and gives nothing twice",
    on(async (store) => {
      await useAll(store, "a");
      await store.leaseSlice(ask("a", at(1000)));
      expect((await store.leaseSlice(ask("a", { left: 10, now: NOW + 500, until: NOW + 3500 }))).tokens).toBeCloseTo(
        10,
      );
      expect((await store.leaseSlice(ask("a", { left: 10, ...at(1000) }))).tokens).toBeCloseTo(10);
    }),
  );
}
