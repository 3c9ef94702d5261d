import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { vaultSuite } from "../../src/testing/vault-suite.ts";
import { directoryVault } from "../../src/vault/directory.ts";
import { memoryVault } from "../../src/vault/memory.ts";

const folder = mkdtempSync(join(tmpdir(), "cordon-vault-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const freshFolder = (): string => mkdtempSync(join(folder, "vault-"));
const run = <T>(program: () => Promise<T>): Promise<T> => program();

vaultSuite("a vault in a directory", () => {
  const root = freshFolder();
  return {
    vault: directoryVault(root),
    reopen: () => directoryVault(root),
    tamper(key, content) {
      chmodSync(join(root, key), 0o640);
      writeFileSync(join(root, key), content);
    },
    lock: null,
    run,
  };
});

vaultSuite("a vault in memory", () => {
  const vault = memoryVault();
  return {
    vault,
    reopen: () => vault,
    tamper: (key, content) => void (vault.contents as Map<string, Uint8Array>).set(key, content),
    lock: null,
    run,
  };
});

test("a file of the vault is read-only, and holds what was put", async () => {
  const { location } = await directoryVault(freshFolder()).put("cases/a/1.json", new TextEncoder().encode("{}\n"));
  expect(readFileSync(location, "utf8")).toBe("{}\n");
  expect(statSync(location).mode & 0o777).toBe(0o400);
});

test("a folder that begins like the vault's is not in it", async () => {
  const root = freshFolder();
  const sibling = `../${root.split("/").at(-1) ?? ""}-other/1.json`;
  await expect(directoryVault(root).put(sibling, new Uint8Array())).rejects.toThrow(RangeError);
  expect(directoryVault(root).keyOf(`${root}-other/1.json`)).toBeNull();
});

test("what a process left half written is neither listed nor in the way", async () => {
  const root = freshFolder();
  mkdirSync(join(root, ".incoming"));
  writeFileSync(join(root, ".incoming", String(process.pid)), "hal");
  const vault = directoryVault(root);
  await vault.put("cases/1.json", new TextEncoder().encode("half"));
  expect(await vault.list("")).toEqual([{ key: "cases/1.json", bytes: 4 }]);
  await expect(vault.put(".incoming/1", new Uint8Array())).rejects.toThrow(RangeError);
});
