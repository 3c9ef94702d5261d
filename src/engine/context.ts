import type { CaseState } from "../core/case.ts";
import { type CaseVault, evidencePrefix } from "../core/artifact.ts";
import { sha256 } from "../core/json.ts";
import { largeContent } from "../core/large-content.ts";
import type { AnyStep, ChangeView, StepContext } from "../core/step.ts";
import type { Urgency } from "../core/urgency.ts";
import { decidedBy } from "./decided-by.ts";
import type { ObservedCall, Ports } from "./ports.ts";

export interface ActFrame {
  readonly state: CaseState;
  readonly step: AnyStep;
  readonly act: string;
  readonly attempt: number;
  /** See StepContext. */
  readonly lookSince?: number | null;
  readonly signal: AbortSignal;
  /** See ports. */
  readonly beforeChange?: () => Promise<void>;
}

/** The context of one verb of one step, and the list that its calls to AWS are written to. */
export function contextOf(
  ports: Ports,
  frame: ActFrame,
): { readonly context: StepContext; readonly calls: readonly ObservedCall[] } {
  const { state, step, act, attempt, lookSince = null, signal, beforeChange } = frame;
  const calls: ObservedCall[] = [];
  const onCall = (call: ObservedCall): void => {
    calls.push(call);
    ports.onCall?.({ ...call, case: state.id, act });
  };
  const sending = { signal, urgency: urgencyOf(step, act), ...(beforeChange === undefined ? {} : { beforeChange }) };
  const aws = ports.clients(state.target, onCall, sending);
  const evidence = ports.evidence?.(state.target, onCall, sending) ?? null;
  const context: StepContext = {
    case: { id: state.id, openedAt: state.openedAt, incident: state.incident },
    findings: state.findings,
    target: state.target,
    aws,
    ...(evidence === null ? {} : { evidence }),
    prepared: ports.prepared(state.target, aws, state.findings),
    outcomes: outcomesFor(state, step),
    survivors: state.assessments.at(-1)?.survivors ?? null,
    settings: decidedBy(state)?.settings ?? ports.settings,
    now: ports.clock.now(),
    signal,
    attempt,
    lookSince,
    nonce: state.nonce,
    vault: caseVault(ports, { state, attempt, signal }),
    eventPages: ports.store,
    changesSent: () => changesSent(state),
  };
  return { context, calls };
}

/**
 * What goes first when a thousand cases want to call AWS at once: what seals, then what else contains, protects and saves.
 * Looking whether it worked comes last: it ends no flow.
 */
function urgencyOf({ id, seals }: AnyStep, act: string): Urgency {
  if (act.startsWith("verify")) return "rest";
  if (seals === true) return "seal";
  const phase = id.slice(0, id.indexOf("."));
  return phases[phase] ?? "rest";
}

const phases: Readonly<Record<string, Urgency>> = {
  contain: "containment",
  protect: "protection",
  preserve: "evidence",
};

/** The part of the vault that belongs to one act of a case. */
export function caseVault(
  { vault, clock }: Pick<Ports, "vault" | "clock">,
  { state, attempt, signal }: Pick<ActFrame, "state" | "attempt" | "signal">,
): CaseVault {
  const prefix = evidencePrefix(state.id, state.target);
  return {
    put(kind, name, content) {
      const at = name.lastIndexOf(".");
      const [stem, extension] = at < 0 ? [name, ""] : [name.slice(0, at), name.slice(at)];
      const file = `${stem}-${sha256(content).slice(0, 12)}${extension}`;
      return vault.put(`${prefix}${kind}/${file}`, content, { signal });
    },
    large: largeContent({ vault, prefix, attempt, signal, hold: () => clock.hold() }),
  };
}

/** Changes whose calls have begun: what is read now may show them, or not. */
export function changesSent(state: CaseState): readonly string[] {
  return [...state.changes.values()]
    .filter(({ change, attempt }) => change.collects !== true && attempt > 0)
    .map(({ change }) => change.id);
}

/** What a step may read: the changes of the steps that it names, and its own earlier ones. */
function outcomesFor(state: CaseState, step: AnyStep): Readonly<Record<string, readonly ChangeView[]>> {
  const readable = [...(step.needs ?? []), ...(step.reads ?? []), step.id];
  const all = [...state.changes.values()].filter((record) => record.state !== "dropped");
  return Object.fromEntries(
    readable.map((id) => [
      id,
      all
        .filter(({ change }) => change.step === id)
        .map(({ change, state: at, outcome, verifiedAt }) => ({ change, state: at, outcome, verifiedAt })),
    ]),
  );
}
