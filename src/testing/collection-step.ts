import { z } from "zod";
import type { ArtifactDraft } from "../core/artifact.ts";
import type { Change } from "../core/change.ts";
import type { Json } from "../core/json.ts";
import { type Collection, done, type Item, type Permissions, type Step } from "../core/step.ts";

/**
 * A collection in the shape of a step, so that it is put through the same crashes and faults: its items are changes whose
 * outcome is what was collected, and reverting them leaves what was saved.
 */
export function asStep(collection: Collection): Step {
  const { plan: planItems, collect, verify, item, permissions, kind: _kind, ...head } = collection;
  return {
    ...head,
    kind: "step",
    reversible: "no",
    notRestored: "Evidence stays.",
    permissions: {
      target: runningFor(permissions.target),
      ...(permissions.evidence === undefined ? {} : { evidence: runningFor(permissions.evidence) }),
    },
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

/** What it needs to collect, as what a step needs to run. */
function runningFor({ collect, ...verbs }: Permissions): Permissions {
  return { ...verbs, ...(collect === undefined ? {} : { run: collect }) };
}

function itemOf({ id, resource, attribute, after }: Change): Item {
  return { id, resource, details: after, ...(attribute === undefined ? {} : { attribute }) };
}

/** What a collection saved, in the outcome of its step. */
export function artifactsOf(outcome: Json): readonly ArtifactDraft[] {
  return (outcome as { readonly artifacts?: readonly ArtifactDraft[] } | null)?.artifacts ?? [];
}
