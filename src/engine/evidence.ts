import { type ArtifactDraft, evidencePrefix } from "../core/artifact.ts";
import type { CaseState } from "../core/case.ts";
import { join } from "../core/assessments.ts";
import { containment } from "../core/containment.ts";
import type { Happening } from "../core/journal.ts";
import type { Json } from "../core/json.ts";
import { uploadIn } from "../core/large-content.ts";
import type { Ledger } from "../core/ledger.ts";
import type { StepUse } from "../core/playbook.ts";
import type { Vault } from "../core/vault.ts";
import { changesSent } from "./context.ts";
import type { Bench, Frame } from "./frame.ts";
import { requestsOf } from "./ports.ts";
import { readBack } from "./repair.ts";

/** The events that say where the artifacts of an item lie, when they were read, and what they may already show. */
export function artifactsStored(
  item: string,
  artifacts: readonly ArtifactDraft[],
  state: CaseState,
): readonly Extract<Happening, { type: "artifact.stored" }>[] {
  const sent = changesSent(state);
  return artifacts.map(({ readAt, ...artifact }, index) => ({
    type: "artifact.stored",
    artifact: `${item}/${index + 1}`,
    item,
    ...artifact,
    readAt: new Date(readAt).toISOString(),
    changesSent: sent,
  }));
}

/**
 * Throws away what collections that failed had begun to put into the vault: half of it is no evidence. Their own failure is
 * what the journal tells; an upload that cannot be abandoned is left to a rule of the bucket.
 */
export async function abandonUploads(
  { parts }: Pick<Vault, "parts">,
  state: CaseState,
  events: readonly Happening[],
): Promise<void> {
  for (const event of events) {
    if (event.type !== "change.failed" || event.verb !== "run") continue;
    const record = state.changes.get(event.change);
    const upload = record?.change.collects === true ? uploadIn(record.progress) : null;
    if (upload?.key.startsWith(evidencePrefix(state.id, state.target)) !== true) continue;
    try {
      await parts.abandon(upload);
    } catch {
      // As said above.
    }
  }
}

/** What goes to the vault: what was read, and the ledger of ways and grounds that it came to. */
function documentOf(document: Json, ledger: Ledger | undefined): Json {
  return ledger === undefined ? document : { read: document, ledger: ledger as unknown as Json };
}

/** Carries an assessment out: what it read goes to the vault, what it says to the journal. */
export async function assess(
  frame: Frame,
  { step, context, calls }: Bench,
  act: { readonly stage: string | null; readonly use: StepUse },
): Promise<{ readonly events: readonly Happening[] }> {
  if (step.kind !== "assessment") throw new TypeError(`${step.id} does not assess`);
  const { state } = frame;
  const assessed = await step.assess(context, step.input.parse(act.use.with) as never);
  const { ledger, document } = assessed;
  const asOf = context.now;
  const isProof = assessed.checks.some(({ kind }) => kind === "sealed");
  const undone = isProof ? await readBack(frame, asOf) : null;
  const checks = [...assessed.checks, ...(undone?.checks ?? [])];
  const survivors = [...assessed.survivors, ...(undone?.survivors ?? [])];
  const earlier = state.assessments.map(({ own }) => own);
  const joint = join(earlier, { step: step.id, checks, survivors, ...(ledger ? { ledger } : {}), asOf });
  const artifact = `assessment-${state.assessments.length + 1}`;
  const content = new TextEncoder().encode(`${JSON.stringify(documentOf(document, ledger), null, 2)}\n`);
  const { location, sha256, bytes, lock } = await context.vault.put("assessment", `${artifact}.json`, content);
  const readAt = new Date(asOf).toISOString();
  return {
    events: [
      {
        type: "artifact.stored",
        artifact,
        kind: "assessment",
        item: null,
        location,
        sha256,
        bytes,
        readAt,
        changesSent: changesSent(state),
        lineage: null,
        lock,
      },
      {
        type: "assessment.made",
        stage: act.stage,
        step: step.id,
        checks,
        survivors,
        ...(ledger ? { ledger } : {}),
        ...containment(joint.checks, joint.survivors, joint.asOf, joint.ledger),
        asOf: readAt,
        artifact,
        requests: requestsOf(calls),
      },
      ...(undone?.events ?? []),
    ],
  };
}
