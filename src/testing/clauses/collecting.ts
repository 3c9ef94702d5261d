import { z } from "zod";
import type { ArtifactDraft } from "../../core/artifact.ts";
import type { Change } from "../../core/change.ts";
import { type Json, sha256 } from "../../core/json.ts";
import { type Collection, done, type Item, type Step } from "../../core/step.ts";
import { demand } from "../contract-breach.ts";
import { type Examination, rehearse } from "../rehearsal.ts";

/**
 * A collection in the shape of a step, so that it is put through the same crashes and faults: its items are changes whose
 * outcome is what was collected, and reverting them leaves what was saved.
 */
export function asStep(collection: Collection): Step {
  const { plan: planItems, collect, verify, item, permissions, kind: _kind, ...head } = collection;
  const { collect: collecting, ...verbs } = permissions.target;
  return {
    ...head,
    kind: "step",
    reversible: "no",
    notRestored: "Evidence stays.",
    permissions: { target: { ...verbs, ...(collecting === undefined ? {} : { run: collecting }) } },
    change: { before: z.null(), after: item },
    async plan(context, input) {
      const { items, left } = await planItems(context, input);
      return {
        changes: items.map(({ details, ...rest }) => ({ ...rest, before: null, after: details })),
        left,
      };
    },
    async run(context, change, progress) {
      const result = await collect(context, itemOf(change), progress);
      return result.kind === "later" ? result : done({ artifacts: result.artifacts as unknown as Json });
    },
    verify: (context, change, outcome) => verify(context, itemOf(change), artifactsOf(outcome)),
    revert: async () => done(),
  };
}

function itemOf({ id, resource, attribute, after }: Change): Item {
  return { id, resource, details: after, ...(attribute === undefined ? {} : { attribute }) };
}

function artifactsOf(outcome: Json): readonly ArtifactDraft[] {
  return (outcome as { readonly artifacts?: readonly ArtifactDraft[] } | null)?.artifacts ?? [];
}

/** What the vault took is what the artifact says, and every artifact says when it was read. */
export function artifactsAreWhole(examination: Examination): Promise<void> {
  const { step, options } = examination;
  return rehearse(examination, async ({ account, case: one }) => {
    const begunAt = account.clock.now();
    await one.carryOut(step, options.input);
    const artifacts = one.changesOf(step).flatMap(({ outcome }) => artifactsOf(outcome));
    demand(artifacts.length > 0, "nothing was collected");
    for (const { kind, location, sha256: hash, bytes, readAt } of artifacts) {
      const isInTime = readAt >= begunAt && readAt <= account.clock.now();
      demand(
        isInTime,
        `${kind} at ${location} says that it was read at ${readAt}, which is not while it was collected`,
      );
      const key = account.vault.keyOf(location);
      if (key === null) {
        demand(hash === null, `${location} does not lie in the vault, and nobody can vouch for its hash`);
        continue;
      }
      const content = await account.vault.get(key);
      demand(content !== null, `the vault has nothing at ${location}`);
      demand(sha256(content) === hash, `the vault has other content at ${location} than the artifact says`);
      demand(
        content.length === bytes,
        `the vault has ${content.length} bytes at ${location}, the artifact says ${bytes}`,
      );
    }
  });
}
