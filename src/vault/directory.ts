import { chmodSync, closeSync, linkSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { rmSync, statSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { dirname, join, relative, resolve, sep } from "node:path";
import { sha256 } from "../core/json.ts";
import { byKey, type Piece, requireVaultKey, type Stored, type Vault } from "../core/vault.ts";
import { directoryParts } from "./directory-parts.ts";
import { inVaultWords } from "./folder-errors.ts";
import { flushFolder, makeFolders } from "./folders.ts";
import { MODES } from "./modes.ts";

/** Where a file is written before it gets its name: a process that dies while it writes leaves nothing under a key. */
const INCOMING = ".incoming";

/**
 * A vault in a directory: one read-only file per artifact, which appears whole under its name or not at all.
 *
 * It cannot keep an administrator of the machine from deleting: `lock` is null.
 *
 * Synchronous on purpose: artifacts of this kind are small documents, and simulated time must not race a thread pool.
 */
export function directoryVault(root: string): Vault {
  const folder = resolve(root);
  const pathOf = (key: string): string => {
    requireVaultKey(key);
    if (key.split("/")[0] === INCOMING) throw new RangeError(`the key ${key} leads out of the vault`);
    return join(folder, key);
  };
  return {
    async put(key, content, options) {
      options?.signal?.throwIfAborted();
      const path = pathOf(key);
      const hash = sha256(content);
      const isNew = inVaultWords(path, () => {
        closeToOthers(folder);
        return createWhole(path, content, join(folder, INCOMING));
      });
      if (!isNew) refuseOther(path, hash);
      return storedAt(path, hash, content.length);
    },
    async get(key) {
      return unlessMissing(() => new Uint8Array(readFileSync(pathOf(key))));
    },
    async read(key, piece) {
      return unlessMissing(() => readPiece(pathOf(key), piece));
    },
    async list(prefix) {
      const entries = unlessMissing(() => readdirSync(folder, { recursive: true, withFileTypes: true })) ?? [];
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .map((path) => ({ key: relative(folder, path).split(sep).join("/"), path }))
        .filter(({ key }) => key.startsWith(prefix) && !key.startsWith(`${INCOMING}/`))
        .map(({ key, path }) => ({ key, bytes: statSync(path).size }))
        .sort(byKey);
    },
    keyOf(location) {
      if (!location.startsWith(folder + sep)) return null;
      return location
        .slice(folder.length + 1)
        .split(sep)
        .join("/");
    },
    parts: directoryParts({
      pathOf,
      incoming: join(folder, INCOMING),
      makeIncoming: () => {
        closeToOthers(folder);
        makeFolders(join(folder, INCOMING), MODES.folder);
      },
      unlessMissing,
    }),
  };
}

/** A vault of an earlier version, or one that was copied, may be open to others. */
function closeToOthers(folder: string): void {
  makeFolders(folder, MODES.folder);
  if ((statSync(folder).mode & 0o077) !== 0) chmodSync(folder, MODES.folder);
}

function readPiece(path: string, { from, bytes }: Piece): Uint8Array {
  const handle = openSync(path, "r");
  try {
    const buffer = new Uint8Array(bytes);
    let at = 0;
    for (let got = 1; got > 0 && at < bytes; at += got) got = readSync(handle, buffer, at, bytes - at, from + at);
    return buffer.subarray(0, at);
  } finally {
    closeSync(handle);
  }
}

/** What is held of a file at a time while its hash is made. */
const HASHED_AT_A_TIME = 1024 * 1024;

function hashOf(path: string): string {
  const hash = createHash("sha256");
  for (let from = 0; ;) {
    const piece = readPiece(path, { from, bytes: HASHED_AT_A_TIME });
    if (piece.length === 0) return hash.digest("hex");
    hash.update(piece);
    from += piece.length;
  }
}

function storedAt(path: string, hash: string, bytes: number): Stored {
  return { location: path, sha256: hash, bytes, lock: null, version: null };
}

/** Writes beside, then links: false when there is something under the path already. */
function createWhole(path: string, content: Uint8Array, incoming: string): boolean {
  makeFolders(dirname(path), MODES.folder);
  makeFolders(incoming, MODES.folder);
  const draft = join(incoming, `${process.pid}`);
  rmSync(draft, { force: true });
  try {
    writeFileSync(draft, content, { flag: "wx", mode: MODES.file, flush: true });
    linkSync(draft, path);
    flushFolder(dirname(path));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function refuseOther(path: string, hash: string): void {
  const stored = hashOf(path);
  if (stored !== hash) throw new Error(`${path} holds other content already: SHA-256 ${stored}, not ${hash}`);
}

function unlessMissing<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "EISDIR" || code === "ENOTDIR") return null;
    throw error;
  }
}
