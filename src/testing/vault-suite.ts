import { describe, expect, test } from "vitest";
import { sha256 } from "../core/json.ts";
import { piecesOf, type Stored, type Vault } from "../core/vault.ts";
import { uploadSuite } from "./vault-upload-suite.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const FOLDER = "cases/111122223333/eu-west-1/i-0a/case-1/assessment/";
const KEY = `${FOLDER}1.json`;
const HASH_OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/** What happens to the next call that the vault makes. */
export type VaultFault = "throttled" | "broken" | "answer-lost";

/** An empty vault, and what the suite may do to it from outside. */
export interface VaultUnderTest {
  readonly vault: Vault;
  /** The same vault, as a process finds it that starts later. */
  reopen(): Vault;
  /** Changes what lies under a key behind the vault's back, as a failing disk does. */
  tamper(key: string, content: Uint8Array): void;
  /** What `put` says about the lock; a vault that locks does so for a year. */
  readonly lock: Stored["lock"];
  /** Hits a call to come; missing where a vault makes no calls. */
  fault?(kind: VaultFault): void;
  /** Runs what the vault needs to run on, such as simulated time. */
  run<T>(program: () => Promise<T>): Promise<T>;
}

/** What every vault does. `open` gives an empty one each time. */
export function vaultSuite(name: string, open: () => VaultUnderTest): void {
  artifacts(name, open);
  readings(name, open);
  pieces(name, open);
  uploadSuite(name, open);
  keys(name, open);
  if (open().fault) faults(name, open);
}

function artifacts(name: string, open: () => VaultUnderTest): void {
  describe(`${name}: artifacts`, () => {
    test("what is put has the SHA-256 of its content, its size and its lock", async () => {
      const { vault, lock, run } = open();
      const stored = await run(() => vault.put(KEY, bytes("abc")));
      expect(stored).toMatchObject({ sha256: HASH_OF_ABC, bytes: 3, lock });
    });

    test("the same content again is the same artifact, so that an act that is done again does not fail", async () => {
      const { vault, reopen, run } = open();
      const [first, again] = await run(async () => [
        await vault.put(KEY, bytes("abc")),
        await reopen().put(KEY, bytes("abc")),
      ]);
      expect(again).toEqual(first);
    });

    test("other content under a known key is refused, and the first stays", async () => {
      const { vault, run } = open();
      await run(() => vault.put(KEY, bytes("abc")));
      await expect(run(() => vault.put(KEY, bytes("abd")))).rejects.toThrow(/other content already/);
      expect(await run(() => vault.get(KEY))).toEqual(bytes("abc"));
    });

    test("of two who put at once under one key, one stays and the other learns of it", async () => {
      const { vault, reopen, run } = open();
      const outcomes = await run(() =>
        Promise.allSettled([vault.put(KEY, bytes("one")), reopen().put(KEY, bytes("two"))]),
      );
      expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    });

    test("what the caller does to its own bytes afterwards does not reach the vault", async () => {
      const { vault, run } = open();
      const content = bytes("abc");
      await run(() => vault.put(KEY, content));
      content[0] = 0;
      expect(await run(() => vault.get(KEY))).toEqual(bytes("abc"));
    });

    test("nothing is put once the caller has called it off", async () => {
      const { vault, run } = open();
      const signal = AbortSignal.abort(new Error("called off"));
      await expect(run(() => vault.put(KEY, bytes("abc"), { signal }))).rejects.toThrow("called off");
      expect(await run(() => vault.get(KEY))).toBeNull();
    });
  });
}

function readings(name: string, open: () => VaultUnderTest): void {
  describe(`${name}: reading`, () => {
    test("an empty artifact is an artifact", async () => {
      const { vault, run } = open();
      await run(() => vault.put(KEY, bytes("")));
      expect(await run(() => vault.get(KEY))).toEqual(bytes(""));
    });

    test("there is nothing under a key that nobody put, nor under the folder of one", async () => {
      const { vault, run } = open();
      await run(() => vault.put(KEY, bytes("abc")));
      expect(await run(() => vault.get(`${FOLDER}2.json`))).toBeNull();
      expect(await run(() => vault.get(FOLDER.slice(0, -1)))).toBeNull();
      expect(await run(() => vault.get(`${KEY}/below`))).toBeNull();
    });

    test("a flipped bit is found by reading back", async () => {
      const { vault, tamper, run } = open();
      const stored = await run(() => vault.put(KEY, bytes("abc")));
      tamper(KEY, bytes("abb"));
      const found = await run(() => vault.get(KEY)).then(
        (content) => sha256(content ?? ""),
        () => "refused",
      );
      expect(found).not.toBe(stored.sha256);
    });

    test("a listing has what begins with the prefix, in the order of the keys, with sizes", async () => {
      const { vault, run } = open();
      const listed = await run(async () => {
        for (const key of ["b/2", "a/1", "a/10", "a-b/1", "b/ä", "b/z"]) await vault.put(key, bytes(key));
        return { all: await vault.list(""), a: await vault.list("a/"), partOfName: await vault.list("a/1") };
      });
      expect(listed.all.map(({ key }) => key)).toEqual(["a-b/1", "a/1", "a/10", "b/2", "b/z", "b/ä"]);
      expect(listed.a).toEqual([
        { key: "a/1", bytes: 3 },
        { key: "a/10", bytes: 4 },
      ]);
      expect(listed.partOfName.map(({ key }) => key)).toEqual(["a/1", "a/10"]);
    });

    test("an empty vault lists nothing", async () => {
      const { vault, run } = open();
      expect(await run(() => vault.list(""))).toEqual([]);
    });
  });
}

function keys(name: string, open: () => VaultUnderTest): void {
  describe(`${name}: keys`, () => {
    test("the location of an artifact leads back to its key, also in another process", async () => {
      const { vault, reopen, run } = open();
      const { location } = await run(() => vault.put(KEY, bytes("abc")));
      expect(reopen().keyOf(location)).toBe(KEY);
    });

    test.each(["", "/", "https://example.com/1.json", "s3://somebody-elses-bucket/cases/1.json", "/etc/passwd"])(
      "the location %j is not of this vault",
      (location) => {
        expect(open().vault.keyOf(location)).toBeNull();
      },
    );

    test.each([
      "../outside.json",
      "cases/../../outside.json",
      "/etc/outside.json",
      "",
      ".",
      "cases//1.json",
      "cases/",
      "cases\\..\\1.json",
      "cases/\u0000",
      "x".repeat(1025),
    ])("the key %j leads out of the vault and is refused", async (key) => {
      const { vault, run } = open();
      await expect(run(() => vault.put(key, bytes("abc")))).rejects.toThrow(RangeError);
      await expect(run(() => vault.get(key))).rejects.toThrow(RangeError);
    });
  });
}

function faults(name: string, open: () => VaultUnderTest): void {
  describe(`${name}: faults`, () => {
    test.each(["throttled", "broken", "answer-lost"] as const)(
      "a call that is %s is healed, and one artifact is there",
      async (kind) => {
        const { vault, reopen, fault, run } = open();
        fault?.(kind);
        const stored = await run(() => vault.put(KEY, bytes("abc")));
        expect(stored.sha256).toBe(HASH_OF_ABC);
        expect(await run(() => reopen().list(""))).toEqual([{ key: KEY, bytes: 3 }]);
        fault?.(kind);
        expect(await run(() => reopen().get(KEY))).toEqual(bytes("abc"));
        fault?.(kind);
        expect(await run(() => reopen().list(""))).toHaveLength(1);
      },
    );
  });
}

function pieces(name: string, open: () => VaultUnderTest): void {
  describe(`${name}: pieces`, () => {
    test.each([
      [{ from: 0, bytes: 2 }, "ab"],
      [{ from: 1, bytes: 100 }, "bc"],
      [{ from: 3, bytes: 5 }, ""],
      [{ from: 9, bytes: 5 }, ""],
    ])("of an artifact, %j is what lies there", async (piece, expected) => {
      const { vault, run } = open();
      await run(() => vault.put(KEY, bytes("abc")));
      expect(await run(() => vault.read(KEY, piece))).toEqual(bytes(expected));
    });

    test("there is no piece of what nobody put, and none of what leads out of the vault", async () => {
      const { vault, run } = open();
      expect(await run(() => vault.read(KEY, { from: 0, bytes: 1 }))).toBeNull();
      await expect(run(() => vault.read("../1", { from: 0, bytes: 1 }))).rejects.toThrow(RangeError);
    });

    test.each([
      ["abcdefg", 3, ["abc", "def", "g"]],
      ["abcdef", 3, ["abc", "def"]],
      ["", 3, []],
    ])("%j is read whole in pieces of %i", async (content, size, expected) => {
      const { vault, run } = open();
      await run(() => vault.put(KEY, bytes(content)));
      const read = await run(async () => {
        const found: string[] = [];
        for await (const piece of (await piecesOf(vault, KEY, size)) ?? []) found.push(Buffer.from(piece).toString());
        return found;
      });
      expect(read).toEqual(expected);
    });

    test("what nobody put has no pieces", async () => {
      const { vault, run } = open();
      expect(await run(() => piecesOf(vault, KEY))).toBeNull();
    });
  });
}
