import { statusOf } from "../core/case.ts";
import type { Finding, Judgement } from "../core/finding.ts";
import type { Actor } from "../core/journal.ts";
import type { Playbook } from "../core/playbook.ts";
import type { Target } from "../core/step.ts";
import type { Store } from "../core/store.ts";
import type { LocalRunner } from "./local.ts";

export interface Arrival {
  readonly finding: Finding;
  readonly judgement: Judgement;
  readonly playbook: Playbook;
  /** The person whose order it is; null when a product's finding starts it. */
  readonly orderedBy: string | null;
  readonly actor: Actor;
}

export interface Received {
  readonly caseId: string;
  readonly how: "opened" | "joined" | "known";
}

/** How long opening a case may take before another process may try: it is two commits. */
const OPENING_MS = 10_000;

/**
 * Opens a case for each instance of a finding, or joins the one that is open.
 *
 * A finding that is known already (same id, same update) changes nothing, so that a delivery that comes twice acts once.
 */
export async function receive(
  arrival: Arrival,
  tools: {
    readonly runner: LocalRunner;
    readonly store: Store;
    readonly now: () => number;
    readonly random: () => number;
    readonly owner: string;
  },
): Promise<readonly Received[]> {
  const { account, region, instances } = arrival.finding;
  const incident = `incident-${words(tools.random, 8)}`;
  const received: Received[] = [];
  for (const instanceId of instances) {
    const target = { account, region, instanceId };
    const lease = `opening ${account} ${region} ${instanceId}`;
    await tools.store.lease(lease, tools.owner, tools.now() + OPENING_MS, tools.now());
    received.push((await join(arrival, target, tools)) ?? (await open(arrival, { target, incident }, tools)));
    await tools.store.unlease(lease, tools.owner);
  }
  return received;
}

type Tools = Parameters<typeof receive>[1];

async function join(
  { finding, judgement, actor }: Arrival,
  target: Target,
  { runner, store }: Tools,
): Promise<Received | null> {
  for (const caseId of (await store.cases(target)).toReversed()) {
    const state = await runner.load(caseId);
    const status = statusOf(state);
    if (status === "released" || status === "closed" || status === "ignored") continue;
    if (state.release) continue;
    if (state.findings.some(({ id, updatedAt }) => id === finding.id && updatedAt === finding.updatedAt))
      return { caseId, how: "known" };
    await runner.append(caseId, [{ type: "finding.joined", finding, ...judgement }], actor);
    return { caseId, how: "joined" };
  }
  return null;
}

async function open(
  { finding, judgement, playbook, orderedBy, actor }: Arrival,
  { target, incident }: { readonly target: Target; readonly incident: string },
  { runner, now, random }: Tools,
): Promise<Received> {
  const day = new Date(now()).toISOString().slice(0, 10).replaceAll("-", "");
  const caseId = `case-${day}-${words(random, 8)}`;
  await runner.append(
    caseId,
    [
      {
        type: "case.opened",
        target,
        incident,
        playbook: playbook.id,
        ...judgement,
        orderedBy,
        nonce: words(random, 32),
        findings: [finding],
      },
    ],
    actor,
  );
  return { caseId, how: "opened" };
}

function words(random: () => number, length: number): string {
  return Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join("");
}
