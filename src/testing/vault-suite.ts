import { describe, expect, test } from "vitest";
import type { Vault } from "../core/vault.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const KEY = "cases/111122223333/eu-west-1/i-0a/case-1/assessment/1.json";

/** What every vault does. `open` gives an empty one each time. */
export function vaultSuite(name: string, open: () => Vault): void {
  describe(`${name}: artifacts`, () => {
    test("what is put has the SHA-256 of its content", async () => {
      const { sha256 } = await open().put(KEY, bytes("abc"));
      expect(sha256).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    });

    test("the same content again is the same artifact, so that an act that is done again does not fail", async () => {
      const vault = open();
      expect(await vault.put(KEY, bytes("abc"))).toEqual(await vault.put(KEY, bytes("abc")));
    });

    test("other content under a known key is refused, and the first stays", async () => {
      const vault = open();
      await vault.put(KEY, bytes("abc"));
      await expect(vault.put(KEY, bytes("abd"))).rejects.toThrow(/other content already/);
      await expect(vault.put(KEY, bytes("abc"))).resolves.toBeDefined();
    });

    test.each(["../outside.json", "cases/../../outside.json", "/etc/outside.json", "", "."])(
      "the key %j leads out of the vault and is refused",
      async (key) => {
        await expect(open().put(key, bytes("abc"))).rejects.toThrow(RangeError);
      },
    );
  });
}
