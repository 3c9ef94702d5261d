import fs, { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { PART_LIMITS } from "../../src/core/content-in-parts.ts";
import { CordonError } from "../../src/core/errors.ts";
import type { Vault } from "../../src/core/vault.ts";
import { directoryVault } from "../../src/vault/directory.ts";

/** What the vault asked of the disk, in order. */
const disk = {
  log: [] as { readonly did: "make" | "write" | "name" | "flush"; readonly path: string; readonly from?: string }[],
  fault: null as string | null,
};

/**
 * The system's own functions, each noting what it was asked. They are replaced in the built-in module itself: a mock of
 * the module would miss what another test of this process has loaded already.
 */
function watched(real: Pick<typeof fs, Watched>): Pick<typeof fs, Watched> {
  const paths = new Map<number, string>();
  const pathOf = (file: fs.PathOrFileDescriptor | fs.PathLike): string =>
    typeof file === "number" ? (paths.get(file) ?? "") : String(file);
  const failIfPlanted = (path: string): void => {
    if (disk.fault !== null && path.startsWith(top)) throw Object.assign(new Error(disk.fault), { code: disk.fault });
  };
  return {
    openSync: (path, ...rest) => {
      const handle = real.openSync(path, ...rest);
      paths.set(handle, pathOf(path));
      return handle;
    },
    mkdirSync: ((path: fs.PathLike, options?: fs.MakeDirectoryOptions) => {
      disk.log.push({ did: "make", path: pathOf(path) });
      return real.mkdirSync(path, options);
    }) as typeof fs.mkdirSync,
    writeFileSync: (file, content, options) => {
      failIfPlanted(pathOf(file));
      disk.log.push({ did: "write", path: pathOf(file) });
      real.writeFileSync(file, content, options);
      if (isFlushing(options)) disk.log.push({ did: "flush", path: pathOf(file) });
    },
    appendFileSync: (file, content, options) => {
      failIfPlanted(pathOf(file));
      disk.log.push({ did: "write", path: pathOf(file) });
      real.appendFileSync(file, content, options);
      if (isFlushing(options)) disk.log.push({ did: "flush", path: pathOf(file) });
    },
    writeSync: ((handle: number, ...rest: [Uint8Array, number, number, number]) => {
      failIfPlanted(pathOf(handle));
      disk.log.push({ did: "write", path: pathOf(handle) });
      return real.writeSync(handle, ...rest);
    }) as typeof fs.writeSync,
    linkSync: (from, path) => {
      disk.log.push({ did: "name", path: pathOf(path), from: pathOf(from) });
      real.linkSync(from, path);
    },
    fsyncSync: (handle) => {
      real.fsyncSync(handle);
      disk.log.push({ did: "flush", path: pathOf(handle) });
    },
  };
}

type Watched = "openSync" | "mkdirSync" | "writeFileSync" | "appendFileSync" | "writeSync" | "linkSync" | "fsyncSync";

const isFlushing = (options: fs.WriteFileOptions | undefined): boolean =>
  typeof options === "object" && options?.flush === true;

const top = mkdtempSync(join(tmpdir(), "cordon-vault-disk-"));
const { openSync, mkdirSync: makeDirectory, writeFileSync, appendFileSync, writeSync, linkSync, fsyncSync } = fs;
const system = { openSync, mkdirSync: makeDirectory, writeFileSync, appendFileSync, writeSync, linkSync, fsyncSync };

function answerWith(functions: Pick<typeof fs, Watched>): void {
  Object.assign(fs, functions);
  syncBuiltinESMExports();
}

beforeAll(() => answerWith(watched(system)));
afterAll(() => {
  answerWith(system);
  rmSync(top, { recursive: true, force: true });
});
let root: string;
let vault: Vault;

beforeEach(() => {
  disk.log.length = 0;
  disk.fault = null;
  root = join(mkdtempSync(join(top, "of-")), "home", "vault");
  vault = directoryVault(root);
});

const content = new TextEncoder().encode("evidence");

async function uploaded(key: string): Promise<string> {
  const parts = vault.parts;
  const upload = await parts.open(key, { partBytes: PART_LIMITS.smallestPartBytes, sentBy: "us" });
  await parts.putPart(upload, 1, content);
  return (await parts.complete(upload, 1)).location;
}

/** What is not on the disk of a file that has its name: after power is lost it is gone, or empty. */
function unflushed(path: string): readonly string[] {
  const { log } = disk;
  const isFlushedAfter = (of: string, index: number): boolean =>
    log.some((entry, at) => at > index && entry.did === "flush" && entry.path === of);
  const named = log.findIndex(({ did, path: of }) => did === "name" && of === path);
  const draft = log[named]?.from ?? "";
  const written = log.findLastIndex(({ did, path: of }) => did === "write" && of === draft);
  const flushed = log.findIndex(({ did, path: of }, at) => did === "flush" && of === draft && at > written);
  const made = log.flatMap((entry, index) =>
    entry.did === "make" && path.startsWith(entry.path) ? [{ entry, index }] : [],
  );
  return [
    ...(written === -1 || flushed === -1 || flushed > named ? [`the content of ${path} before its name`] : []),
    ...(named === -1 || !isFlushedAfter(dirname(path), named) ? [`the name ${path}`] : []),
    ...made.flatMap(({ entry, index }) =>
      isFlushedAfter(dirname(entry.path), index) ? [] : [`the name ${entry.path}`],
    ),
  ];
}

describe("what a vault in a directory has put", () => {
  it("is on the disk with its content, its name and the names of its folders", async () => {
    const { location } = await vault.put("cases/a/1.json", content);
    expect(disk.log.filter(({ did }) => did === "make").map(({ path }) => path)).toContain(join(root, "cases", "a"));
    expect(unflushed(location)).toEqual([]);
  });

  it("is on the disk likewise if it came in parts, each part before it is noted as arrived", async () => {
    const location = await uploaded("cases/a/disk.img");
    expect(unflushed(location)).toEqual([]);
    const at = (did: string, suffix: string): number =>
      disk.log.findIndex((entry) => entry.did === did && entry.path.endsWith(suffix));
    expect(at("flush", ".content")).toBeGreaterThan(at("write", ".content"));
    expect(at("flush", ".content")).toBeLessThan(at("write", ".parts"));
    expect(at("flush", ".parts")).toBeGreaterThan(at("write", ".parts"));
  });

  it("can be read by its owner alone", async () => {
    const locations = [(await vault.put("cases/a/1.json", content)).location, await uploaded("cases/a/disk.img")];
    expect(locations.map((path) => statSync(path).mode & 0o777)).toEqual([0o400, 0o400]);
    const folders = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isDirectory());
    const all = [dirname(root), root, ...folders.map(({ parentPath, name }) => join(parentPath, name))];
    expect(all.map((path) => statSync(path).mode & 0o777)).toEqual(all.map(() => 0o700));
  });

  it("can be read by its owner alone while it comes in parts", async () => {
    const parts = vault.parts;
    await parts.putPart(
      await parts.open("cases/a/disk.img", { partBytes: PART_LIMITS.smallestPartBytes, sentBy: "us" }),
      1,
      content,
    );
    const files = readdirSync(join(root, ".incoming"));
    expect(files).toHaveLength(3);
    expect(files.map((name) => statSync(join(root, ".incoming", name)).mode & 0o777)).toEqual([0o600, 0o600, 0o600]);
  });

  it("is closed to others again in a folder that was open to them", async () => {
    mkdirSync(root, { recursive: true });
    chmodSync(root, 0o755);
    await vault.put("cases/a/1.json", content);
    expect(statSync(root).mode & 0o777).toBe(0o700);
  });
});

describe("a vault that cannot be written", () => {
  it.each([
    ["ENOSPC", "there is no room left on the disk"],
    ["EROFS", "the file system can only be read"],
    ["EACCES", "you may not write there"],
    ["EIO", "the disk failed"],
  ])("says so after %s, keeps nothing under the name, and takes it later", async (fault, reason) => {
    disk.fault = fault;
    const error: unknown = await vault.put("cases/a/1.json", content).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CordonError);
    expect(error).toMatchObject({
      code: "vault_unwritable",
      message: `Evidence cannot be written to ${join(root, "cases", "a", "1.json")}: ${reason}.`,
    });
    expect(await vault.get("cases/a/1.json")).toBeNull();
    disk.fault = null;
    await vault.put("cases/a/1.json", content);
    expect(await vault.get("cases/a/1.json")).toEqual(content);
  });

  it("says so of a part, and takes it later", async () => {
    const parts = vault.parts;
    const upload = await parts.open("cases/a/disk.img", { partBytes: PART_LIMITS.smallestPartBytes, sentBy: "us" });
    disk.fault = "ENOSPC";
    await expect(parts.putPart(upload, 1, content)).rejects.toMatchObject({ code: "vault_unwritable" });
    disk.fault = null;
    expect(await parts.arrived(upload)).toEqual([]);
    await parts.putPart(upload, 1, content);
    expect((await parts.complete(upload, 1)).bytes).toBe(content.length);
  });
});
