import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { vaultSuite } from "../../src/testing/vault-suite.ts";
import { directoryVault, memoryVault } from "../../src/vault/directory.ts";

const folder = mkdtempSync(join(tmpdir(), "cordon-vault-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const freshFolder = (): string => mkdtempSync(join(folder, "vault-"));

vaultSuite("a vault in a directory", () => directoryVault(freshFolder()));
vaultSuite("a vault in memory", memoryVault);

test("a file of the vault is read-only, and holds what was put", async () => {
  const { location } = await directoryVault(freshFolder()).put("cases/a/1.json", new TextEncoder().encode("{}\n"));
  expect(readFileSync(location, "utf8")).toBe("{}\n");
  expect(statSync(location).mode & 0o777).toBe(0o440);
});

test("a folder that begins like the vault's is not in it", async () => {
  const root = freshFolder();
  const sibling = `../${root.split("/").at(-1) ?? ""}-other/1.json`;
  await expect(directoryVault(root).put(sibling, new Uint8Array())).rejects.toThrow(RangeError);
});
