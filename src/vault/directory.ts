import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { sha256 } from "../core/json.ts";
import type { Vault } from "../core/vault.ts";

/**
 * A vault in a directory: one file per artifact, created exclusively and made read-only.
 *
 * Synchronous on purpose: artifacts of this kind are small documents, and simulated time must not race a thread pool.
 */
export function directoryVault(root: string): Vault {
  return {
    async put(key, content) {
      const path = resolve(root, key);
      if (!path.startsWith(resolve(root) + sep)) throw new RangeError(`the key ${key} leads out of the vault`);
      mkdirSync(dirname(path), { recursive: true });
      const hash = sha256(content);
      try {
        writeFileSync(path, content, { flag: "wx", mode: 0o440 });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        const stored = sha256(readFileSync(path));
        if (stored !== hash)
          throw new Error(`${join(root, key)} holds other content already: SHA-256 ${stored}, not ${hash}`, {
            cause: error,
          });
      }
      return { location: path, sha256: hash };
    },
  };
}

/** A vault for rehearsals: nothing is left behind. */
export function memoryVault(): Vault & { readonly contents: ReadonlyMap<string, Uint8Array> } {
  const contents = new Map<string, Uint8Array>();
  return {
    contents,
    async put(key, content) {
      // Keys are held to what a directory would take, so that a rehearsal finds a wrong one.
      const path = resolve("/vault", key);
      if (!path.startsWith("/vault/")) throw new RangeError(`the key ${key} leads out of the vault`);
      const hash = sha256(content);
      const known = contents.get(key);
      if (known && sha256(known) !== hash) throw new Error(`${key} holds other content already`);
      contents.set(key, content);
      return { location: `memory:${key}`, sha256: hash };
    },
  };
}
