import { expect, it } from "vitest";
import type { CaseVault } from "../../src/core/artifact.ts";
import type { Json } from "../../src/core/json.ts";
import { fillVolume } from "../../src/range/world/volume-blocks.ts";
import { memoryVault } from "../../src/vault/memory.ts";
import { onRange } from "./bench.ts";
import { collectOnce, hashingDisksQuickly, planned, smallRoot, withSnapshots } from "./disk-image-lab.ts";
import { openVault } from "./evidence.ts";

class Died extends Error {}

/** The vault of a process that dies before or after its nth call of it. */
function mortal(vault: CaseVault, when: "before" | "after", nth: number) {
  let calls = 0;
  const life = async <T>(call: () => Promise<T>): Promise<T> => {
    const isLast = ++calls === nth;
    if (isLast && when === "before") throw new Died();
    const answer = await call();
    if (isLast) throw new Died();
    return answer;
  };
  const { large } = vault;
  const dying: CaseVault = {
    ...vault,
    large: {
      ...large,
      open: (...given) => life(() => large.open(...given)),
      putPart: (...given) => life(() => large.putPart(...given)),
      complete: (...given) => life(() => large.complete(...given)),
    },
  };
  return { vault: dying, hasDied: () => calls >= nth };
}

/** Collects to the end; whoever dies is followed by one who knows what the journal has. */
async function imageDespite(when: "before" | "after", nth: number) {
  const store = memoryVault();
  const open = hashingDisksQuickly(openVault(store));
  const { vault, hasDied } = mortal(open, when, nth);
  const artifact = await onRange({}, async (bench) => {
    fillVolume(smallRoot(bench), 66);
    const context = { ...(await withSnapshots(bench)), vault };
    const [item] = await planned(context);
    let progress: Json = null;
    for (let turn = 0; turn < 100; turn++) {
      try {
        const result = await collectOnce(bench, context, { item: item!, progress });
        if (result.kind === "collected") return result.artifacts;
        progress = result.progress;
        await bench.clock.sleep(result.afterMs);
      } catch (error) {
        if (!(error instanceof Died)) throw error;
      }
    }
    throw new Error("it never ended");
  });
  const unfinished = await store.parts.unfinished("");
  return { hasDied: hasDied(), artifact, unfinished, stored: [...store.contents] };
}

it("leaves exactly one artifact, the same, whichever call of the vault the process dies at", async () => {
  const undisturbed = await imageDespite("before", Infinity);
  expect(undisturbed.stored).toHaveLength(1);
  let deaths = 0;
  for (const when of ["before", "after"] as const) {
    for (let nth = 1; ; nth++) {
      const { hasDied, artifact, unfinished, stored } = await imageDespite(when, nth);
      if (!hasDied) break;
      deaths++;
      expect(artifact).toHaveLength(1);
      expect(artifact[0]).toMatchObject({
        sha256: undisturbed.artifact[0]!.sha256,
        location: undisturbed.artifact[0]!.location,
        bytes: stored[0]![1].length,
      });
      expect(stored.map(([key]) => key)).toEqual(undisturbed.stored.map(([key]) => key));
      expect(Buffer.compare(stored[0]![1], undisturbed.stored[0]![1])).toBe(0);
      expect(unfinished).toEqual([]);
    }
  }
  expect(deaths).toBe(8); // Opened, two parts, complete: before and after each.
}, 300_000);
