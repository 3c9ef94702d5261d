import { describe, expect, test } from "vitest";
import { type ContentInParts, type Upload, UploadGone } from "../core/content-in-parts.ts";
import { sha256 } from "../core/json.ts";
import type { VaultUnderTest } from "./vault-suite.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const FOLDER = "cases/111122223333/eu-west-1/i-0a/case-1/assessment/";
const KEY = `${FOLDER}1.json`;
const MIB = 1024 * 1024;
const LARGE = `${FOLDER}image-1.raw`;
const WISH = { partBytes: 5 * MIB, sentBy: "us" } as const;
const full = new Uint8Array(5 * MIB).fill(1);
const last = bytes("last");
/** Of 5 MiB of the byte 1, and "last". */
const HASH_OF_BOTH = "eba9dcc1d40aa4916681d8a2b7d5679519a23b2d4edcf82f110c32e6e11d7b53";

/** What every vault does with content in parts. */
export function uploadSuite(name: string, open: () => VaultUnderTest): void {
  uploads(name, open);
  refusals(name, open);
  uploadsAgain(name, open);
  if (open().fault) faultsOfUploads(name, open);
}

/** An upload with both its parts in the vault. */
async function bothParts(parts: ContentInParts): Promise<Upload> {
  const upload = await parts.open(LARGE, WISH);
  await parts.putPart(upload, 1, full);
  await parts.putPart(upload, 2, last);
  return upload;
}

function uploads(name: string, open: () => VaultUnderTest): void {
  describe(`${name}: content in parts`, () => {
    test("is one artifact when it is complete, and nothing before", async () => {
      const { vault, lock, run } = open();
      const upload = await run(() => bothParts(vault.parts));
      expect(await run(() => vault.list(""))).toEqual([]);
      expect(await run(() => vault.get(LARGE))).toBeNull();
      const laid = await run(() => vault.parts.complete(upload, 2));
      expect(laid).toMatchObject({ bytes: 5 * MIB + 4, lock });
      expect(vault.keyOf(laid.location)).toBe(LARGE);
      expect(sha256((await run(() => vault.get(LARGE))) ?? "")).toBe(HASH_OF_BOTH);
      expect(await run(() => vault.list(""))).toEqual([{ key: LARGE, bytes: 5 * MIB + 4 }]);
      expect(await run(() => vault.parts.unfinished(""))).toEqual([]);
    });

    test("says which parts arrived; one that is put again replaces the first", async () => {
      const { vault, run } = open();
      const arrived = await run(async () => {
        const upload = await vault.parts.open(LARGE, WISH);
        await vault.parts.putPart(upload, 2, full);
        await vault.parts.putPart(
          upload,
          1,
          full.map(() => 9),
        );
        await vault.parts.putPart(upload, 1, full);
        await vault.parts.putPart(upload, 2, last);
        const list = await vault.parts.arrived(upload);
        await vault.parts.complete(upload, 2);
        return list;
      });
      expect(arrived).toEqual([
        { number: 1, bytes: 5 * MIB },
        { number: 2, bytes: 4 },
      ]);
      expect(sha256((await run(() => vault.get(LARGE))) ?? "")).toBe(HASH_OF_BOTH);
    });
  });
}

function refusals(name: string, open: () => VaultUnderTest): void {
  describe(`${name}: content in parts that is refused`, () => {
    test("is not complete while a part is missing, or one before the last is small", async () => {
      const { vault, run } = open();
      const [gap, small] = await run(async () => {
        const one = await vault.parts.open(`${FOLDER}gap`, WISH);
        await vault.parts.putPart(one, 2, last);
        const other = await vault.parts.open(`${FOLDER}small`, WISH);
        await vault.parts.putPart(other, 1, last);
        await vault.parts.putPart(other, 2, last);
        return [one, other];
      });
      await expect(run(() => vault.parts.complete(gap, 2))).rejects.toThrow("part 1 of");
      await expect(run(() => vault.parts.complete(small, 2))).rejects.toThrow("has 4 bytes, not 5242880");
      expect(await run(() => vault.list(""))).toEqual([]);
    });

    test("never takes the place of what lies under its key", async () => {
      const { vault, run } = open();
      const upload = await run(() => bothParts(vault.parts));
      await run(() => vault.put(LARGE, bytes("first")));
      await expect(run(() => vault.parts.complete(upload, 2))).rejects.toThrow(/other content already/);
      expect(await run(() => vault.get(LARGE))).toEqual(bytes("first"));
    });

    test.each(["../outside", "", ".."])("cannot be opened under the key %j", async (key) => {
      const { vault, run } = open();
      await expect(run(() => vault.parts.open(key, WISH))).rejects.toThrow(RangeError);
    });

    test("has parts of the sizes and numbers that S3 takes, in whatever vault", async () => {
      const { vault, run } = open();
      const { parts } = vault;
      await expect(run(() => parts.open(LARGE, { ...WISH, partBytes: 5 * MIB - 1 }))).rejects.toThrow(RangeError);
      const upload = await run(() => parts.open(LARGE, WISH));
      await expect(run(() => parts.putPart(upload, 0, last))).rejects.toThrow(RangeError);
      await expect(run(() => parts.putPart(upload, 10_001, last))).rejects.toThrow(RangeError);
      await expect(run(() => parts.putPart(upload, 1, new Uint8Array()))).rejects.toThrow(RangeError);
      await expect(run(() => parts.putPart(upload, 1, new Uint8Array(5 * MIB + 1)))).rejects.toThrow(RangeError);
    });
  });
}

function uploadsAgain(name: string, open: () => VaultUnderTest): void {
  describe(`${name}: uploads that outlive a process`, () => {
    test("go on in the next one, from what the journal kept", async () => {
      const { vault, reopen, run } = open();
      const kept = await run(async () => {
        const upload = await vault.parts.open(LARGE, WISH);
        await vault.parts.putPart(upload, 1, full);
        return JSON.stringify(upload);
      });
      const later = reopen();
      const upload = JSON.parse(kept) as Upload;
      await run(() => later.parts.putPart(upload, 2, last));
      await run(() => later.parts.complete(upload, 2));
      expect(sha256((await run(() => later.get(LARGE))) ?? "")).toBe(HASH_OF_BOTH);
    });

    test("complete twice is complete once, also in another process", async () => {
      const { vault, reopen, run } = open();
      const upload = await run(() => bothParts(vault.parts));
      const first = await run(() => vault.parts.complete(upload, 2));
      expect(await run(() => reopen().parts.complete(upload, 2))).toEqual(first);
      await expect(run(() => reopen().parts.arrived(upload))).rejects.toThrow(UploadGone);
      await run(() => reopen().parts.abandon(upload));
      expect(await run(() => reopen().list(""))).toHaveLength(1);
    });

    test("are found by what their keys begin with, and are gone when abandoned", async () => {
      const { vault, reopen, run } = open();
      const upload = await run(() => bothParts(vault.parts));
      await run(() => vault.parts.open(`${FOLDER}other`, WISH));
      const later = reopen();
      const found = await run(() => later.parts.unfinished(`${FOLDER}image-`));
      expect(found.map(({ key }) => key)).toEqual([LARGE]);
      for (const each of [...found, ...found]) await run(() => later.parts.abandon(each));
      expect((await run(() => later.parts.unfinished(""))).map(({ key }) => key)).toEqual([`${FOLDER}other`]);
      await expect(run(() => later.parts.complete(upload, 2))).rejects.toThrow(UploadGone);
      await expect(run(() => later.parts.putPart(upload, 1, last))).rejects.toThrow(UploadGone);
      await expect(run(() => later.parts.arrived(upload))).rejects.toThrow(UploadGone);
      expect(await run(() => later.list(""))).toEqual([]);
    });

    test("are not touched once the caller has called it off", async () => {
      const { vault, run } = open();
      const signal = AbortSignal.abort(new Error("called off"));
      const upload = await run(() => bothParts(vault.parts));
      await expect(run(() => vault.parts.open(KEY, WISH, { signal }))).rejects.toThrow("called off");
      await expect(run(() => vault.parts.complete(upload, 2, { signal }))).rejects.toThrow("called off");
      expect(await run(() => vault.list(""))).toEqual([]);
    });
  });
}

function faultsOfUploads(name: string, open: () => VaultUnderTest): void {
  describe(`${name}: faults of uploads`, () => {
    test.each(["throttled", "broken", "answer-lost"] as const)(
      "a call that is %s is healed at every place, and one artifact is there",
      async (kind) => {
        const { vault, reopen, fault, run } = open();
        const struck = <T>(program: () => Promise<T>): Promise<T> => {
          fault?.(kind);
          return run(program);
        };
        const upload = await struck(() => vault.parts.open(LARGE, WISH));
        await struck(() => vault.parts.putPart(upload, 1, full));
        await struck(() => vault.parts.putPart(upload, 2, last));
        expect(await struck(() => vault.parts.arrived(upload))).toHaveLength(2);
        const laid = await struck(() => vault.parts.complete(upload, 2));
        expect(await struck(() => reopen().parts.complete(upload, 2))).toEqual(laid);
        expect(await struck(() => reopen().read(LARGE, { from: 5 * MIB, bytes: 9 }))).toEqual(last);
        expect(await run(() => reopen().list(""))).toEqual([{ key: LARGE, bytes: 5 * MIB + 4 }]);
      },
    );
  });
}
