import { sha256 } from "../core/json.ts";
import { byKey, requireVaultKey, type Vault } from "../core/vault.ts";
import { memoryParts } from "./memory-parts.ts";

const scheme = "memory:";

/** A vault for rehearsals: nothing is left behind. */
export function memoryVault(): Vault & { readonly contents: ReadonlyMap<string, Uint8Array> } {
  const contents = new Map<string, Uint8Array>();
  return {
    contents,
    async put(key, content, options) {
      options?.signal?.throwIfAborted();
      requireVaultKey(key);
      const hash = sha256(content);
      const known = contents.get(key);
      if (known && sha256(known) !== hash) throw new Error(`${key} holds other content already`);
      if (!known) contents.set(key, Uint8Array.from(content)); // A copy: the caller may go on writing into its own.
      return { location: scheme + key, sha256: hash, bytes: content.length, lock: null, version: null };
    },
    async get(key) {
      requireVaultKey(key);
      const found = contents.get(key);
      return found ? Uint8Array.from(found) : null;
    },
    async read(key, { from, bytes }) {
      requireVaultKey(key);
      return contents.get(key)?.slice(from, from + bytes) ?? null;
    },
    async list(prefix) {
      return [...contents]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, content]) => ({ key, bytes: content.length }))
        .sort(byKey);
    },
    keyOf: (location) => (location.startsWith(scheme) ? location.slice(scheme.length) : null),
    parts: memoryParts(contents, (key, content) => {
      contents.set(key, content);
      return { location: scheme + key, bytes: content.length, lock: null, version: null };
    }),
  };
}
