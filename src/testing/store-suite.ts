import { describe, expect, test } from "vitest";
import { GENESIS, verifyJournal } from "../core/journal.ts";
import type { Store, Tally } from "../core/store.ts";
import { eventPages } from "./store-event-pages.ts";
import { failing } from "./store-failures.ts";
import { fences, leases } from "./store-leases.ts";
import { prepared } from "./store-prepared.ts";
import { slices } from "./store-slices.ts";
import { claim, first, NOW, type On, opening, stage, target } from "./store-samples.ts";

/** What every store keeps. `open` gives a fresh store each time; the suite closes it. */
export function storeSuite(name: string, open: () => Store | Promise<Store>): void {
  const on =
    (use: (store: Store) => Promise<void>): (() => Promise<void>) =>
    async () => {
      const store = await open();
      try {
        await use(store);
      } finally {
        store.close();
      }
    };
  describe(`${name}: journals`, () => {
    journals(on);
  });
  describe(`${name}: failures`, () => {
    failing(on);
  });
  describe(`${name}: originals`, () => {
    originals(on);
  });
  describe(`${name}: leases`, () => {
    leases(on);
  });
  describe(`${name}: fences`, () => {
    fences(on);
  });
  describe(`${name}: tallies`, () => {
    tallies(on);
  });
  describe(`${name}: slices of a rate limit`, () => {
    slices(on);
  });
  describe(`${name}: claims and ledgers`, () => {
    claims(on);
  });
  describe(`${name}: pages of CloudTrail`, () => {
    eventPages(on);
  });
  describe(`${name}: prepared groups`, () => {
    prepared(on);
  });
}

function journals(on: On): void {
  test(
    "what is appended is read back in order, sealed into a chain that verifies",
    on(async (store) => {
      const sealed = await store.append(first("case-1", { events: [opening(), stage("a")] }));
      expect(sealed?.map(({ sequence }) => sequence)).toEqual([1, 2]);
      const previous = sealed?.[1]?.hash ?? "";
      await store.append({ case: "case-1", sequence: 2, previous, now: NOW + 5, events: [stage("b")] });
      const events = await store.read("case-1", 0);
      expect(events.map(({ body, time }) => [body.type, time])).toEqual([
        ["case.opened", "2026-01-15T12:00:00.000Z"],
        ["stage.started", "2026-01-15T12:00:00.000Z"],
        ["stage.started", "2026-01-15T12:00:00.005Z"],
      ]);
      expect(verifyJournal(events).ok).toBe(true);
      expect((await store.read("case-1", 2)).map(({ sequence }) => sequence)).toEqual([3]);
      expect(await store.read("case-1", 3)).toEqual([]);
      expect(await store.read("case-2", 0)).toEqual([]);
    }),
  );

  test(
    "an append behind another writer's is refused, and keeps nothing",
    on(async (store) => {
      await store.append(first("case-1"));
      const original = { resource: "eni-1", attribute: "groups", value: ["sg-1"] };
      expect(await store.append(first("case-1", { originals: [original] }))).toBeNull();
      expect(
        await store.append({ case: "case-1", sequence: 7, previous: GENESIS, now: NOW, events: [stage("x")] }),
      ).toBeNull();
      expect(await store.read("case-1", 0)).toHaveLength(1);
      expect(await store.originals("eni-1")).toEqual([]);
    }),
  );

  test(
    "of writers in the same turn one wins, and the others who read on come after it",
    on(async (store) => {
      const opened = await store.append(first("case-1"));
      const append = async (stageName: string): Promise<void> => {
        let head = opened?.[0];
        while (head) {
          const sealed = await store.append({
            case: "case-1",
            sequence: head.sequence,
            previous: head.hash,
            now: NOW,
            events: [stage(stageName)],
          });
          if (sealed) return;
          head = (await store.read("case-1", 0)).at(-1);
        }
      };
      await Promise.all(["a", "b", "c", "d"].map(append));
      const events = await store.read("case-1", 0);
      expect(verifyJournal(events)).toMatchObject({ ok: true, events: 5 });
      expect(
        events
          .slice(1)
          .map(({ body }) => (body.type === "stage.started" ? body.stage : ""))
          .toSorted(),
      ).toEqual(["a", "b", "c", "d"]);
    }),
  );

  test(
    "cases are listed oldest first, and by instance",
    on(async (store) => {
      await store.append(first("case-z", { now: NOW }));
      await store.append(first("case-a", { now: NOW + 1, events: [opening("i-0fedcba9876543210")] }));
      await store.append(first("case-m", { now: NOW + 2 }));
      expect(await store.cases()).toEqual(["case-z", "case-a", "case-m"]);
      expect(await store.cases(target)).toEqual(["case-z", "case-m"]);
      expect(await store.cases({ ...target, region: "us-east-1" })).toEqual([]);
    }),
  );
}

function originals(on: On): void {
  const groups = (value: string): { resource: string; attribute: string; value: readonly string[] } => ({
    resource: "eni-1",
    attribute: "groups",
    value: [value],
  });

  test(
    "the first original of an attribute stays, whoever writes after",
    on(async (store) => {
      await store.append(first("case-1", { originals: [groups("sg-web")] }));
      await store.append(
        first("case-2", { originals: [groups("sg-sealed"), { ...groups("x"), attribute: "timeouts" }] }),
      );
      expect(await store.originals("eni-1")).toEqual([
        { resource: "eni-1", attribute: "groups", value: ["sg-web"], case: "case-1" },
        { resource: "eni-1", attribute: "timeouts", value: ["x"], case: "case-2" },
      ]);
    }),
  );

  test(
    "an original goes when its own case restored it, and not on another's word",
    on(async (store) => {
      await store.append(first("case-1", { originals: [groups("sg-web")] }));
      const restored = [{ resource: "eni-1", attribute: "groups" }];
      await store.append(first("case-2", { restored }));
      expect(await store.originals("eni-1")).toHaveLength(1);
      const head = (await store.read("case-1", 0)).at(-1);
      await store.append({
        case: "case-1",
        sequence: 1,
        previous: head?.hash ?? "",
        now: NOW,
        events: [stage("a")],
        restored,
      });
      expect(await store.originals("eni-1")).toEqual([]);
    }),
  );

  test(
    "a prefix is taken literally",
    on(async (store) => {
      await store.append(first("case-1", { originals: [groups("sg-web"), { ...groups("x"), resource: "eni-2" }] }));
      expect((await store.originals("eni-")).map(({ resource }) => resource)).toEqual(["eni-1", "eni-2"]);
      expect(await store.originals("eni_")).toEqual([]);
      expect(await store.originals("%")).toEqual([]);
    }),
  );
}

function tallies(on: On): void {
  const tally = (key: string, more: Partial<Tally> = {}): Tally => ({
    name: "automatic 111122223333",
    key,
    now: NOW,
    since: NOW - 3_600_000,
    most: 2,
    ...more,
  });

  test(
    "as many are counted as there is room for, and a key once",
    on(async (store) => {
      expect(await store.count(tally("a"))).toBe("counted");
      expect(await store.count(tally("a"))).toBe("known");
      expect(await store.count(tally("b"))).toBe("counted");
      expect(await store.count(tally("c"))).toBe("full");
      expect(await store.count(tally("b"))).toBe("known");
      expect(await store.count(tally("c", { name: "automatic 444455556666" }))).toBe("counted");
    }),
  );

  test(
    "what is older is forgotten, and makes room",
    on(async (store) => {
      await store.count(tally("a"));
      await store.count(tally("b", { now: NOW + 1000 }));
      const later = { now: NOW + 3_600_000, since: NOW };
      expect(await store.count(tally("c", { ...later, since: NOW - 1 }))).toBe("full");
      expect(await store.count(tally("c", later))).toBe("counted");
      expect(await store.count(tally("a", later))).toBe("full");
    }),
  );

  test(
    "with no room at all it only says what is known",
    on(async (store) => {
      expect(await store.count(tally("a", { most: 0 }))).toBe("full");
      await store.count(tally("a"));
      expect(await store.count(tally("a", { most: 0 }))).toBe("known");
    }),
  );

  test(
    "of those who count in the same turn no more get in than there is room for",
    on(async (store) => {
      const answers = await Promise.all(["a", "b", "c", "d", "e"].map((key) => store.count(tally(key))));
      expect(answers.toSorted()).toEqual(["counted", "counted", "full", "full", "full"]);
    }),
  );
}

function claims(on: On): void {
  test(
    "claims of a resource are kept by member and case, and taken away one by one",
    on(async (store) => {
      await Promise.all([
        store.putClaim(claim("b")),
        store.putClaim(claim("a")),
        store.putClaim({ ...claim("a"), case: "case-2" }),
      ]);
      await store.putClaim(claim("a")); // The same again is the same.
      expect(
        (await store.claims("contain.remote-addresses", "acl-1")).map(({ member, case: id }) => `${member} ${id}`),
      ).toEqual(["a case-1", "a case-2", "b case-1"]);
      await store.removeClaim(claim("a"));
      expect(await store.claims("contain.remote-addresses", "acl-1")).toEqual([
        { ...claim("a"), case: "case-2" },
        claim("b"),
      ]);
      expect(await store.claims("contain.role-sessions", "acl-1")).toEqual([]);
      expect(await store.claims("contain.remote-addresses", "acl-2")).toEqual([]);
    }),
  );

  test(
    "a residue replaces the claim, and is named when it is over",
    on(async (store) => {
      await store.putClaim(claim("a"));
      await store.putClaim(claim("a", NOW + 1000));
      await store.putClaim(claim("b"));
      expect(await store.expiredClaims(NOW + 999)).toEqual([]);
      expect(await store.expiredClaims(NOW + 1000)).toEqual([claim("a", NOW + 1000)]);
    }),
  );

  test(
    "a ledger is kept by step and resource, replaced, and taken away",
    on(async (store) => {
      expect(await store.ledger("s", "acl-1")).toBeNull();
      await store.saveLedger("s", "acl-1", { original: { rules: [100] }, ours: null });
      await store.saveLedger("s", "acl-1", { original: { rules: [100] }, ours: [7] });
      await store.saveLedger("s", "acl-2", { original: null, ours: null });
      expect(await store.ledger("s", "acl-1")).toEqual({ original: { rules: [100] }, ours: [7] });
      await store.saveLedger("s", "acl-1", null);
      expect(await store.ledger("s", "acl-1")).toBeNull();
      expect(await store.ledger("s", "acl-2")).toEqual({ original: null, ours: null });
    }),
  );
}
