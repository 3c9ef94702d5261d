import type { CaseVault } from "../../src/core/artifact.ts";
import { changeId } from "../../src/core/change.ts";
import type { Json } from "../../src/core/json.ts";
import { sha256 } from "../../src/core/json.ts";
import { largeContent } from "../../src/core/large-content.ts";
import type { Vault } from "../../src/core/vault.ts";
import { memoryVault } from "../../src/vault/memory.ts";
import type { Item, ItemDraft } from "../../src/core/step.ts";
import type { Instance } from "../../src/range/world/model.ts";
import type { Bench } from "./bench.ts";

/** The items of a plan as the engine hands them to the other verbs. */
export function itemsOf<Details extends Json>(
  step: { readonly id: string },
  { items }: { readonly items: readonly ItemDraft<Details>[] },
): readonly Item<Details>[] {
  const named = items.map((draft) => ({ ...draft, id: changeId(step.id, draft) }));
  return JSON.parse(JSON.stringify(named)) as readonly Item<Details>[];
}

/** A vault that a test can look into. */
export function openVault(vault: Vault = memoryVault()): CaseVault & { readonly contents: Map<string, Uint8Array> } {
  const contents = new Map<string, Uint8Array>();
  const { signal } = new AbortController();
  return {
    large: largeContent({ vault, prefix: "cases/", attempt: 1, signal, hold: () => () => {} }),
    contents,
    put(kind, name, content) {
      contents.set(`${kind}/${name}`, content);
      const location = `memory:${kind}/${name}`;
      return Promise.resolve({ location, sha256: sha256(content), bytes: content.length, lock: null, version: null });
    },
  };
}

/** The instance that the case is about. */
export function instanceOf({ place, target }: Bench): Instance {
  const instance = place.region.instances.get(target.instanceId);
  if (instance === undefined) throw new Error(`there is no instance ${target.instanceId}`);
  return instance;
}
