import type { CaseState } from "../core/case.ts";
import type { AnyStep, ChangeView, StepContext } from "../core/step.ts";
import type { ObservedCall, Ports } from "./ports.ts";

export interface ActFrame {
  readonly state: CaseState;
  readonly step: AnyStep;
  readonly act: string;
  readonly attempt: number;
  readonly signal: AbortSignal;
}

/** The context of one verb of one step, and the list that its calls to AWS are written to. */
export function contextOf(
  ports: Ports,
  frame: ActFrame,
): { readonly context: StepContext; readonly calls: readonly ObservedCall[] } {
  const { state, step, act, attempt, signal } = frame;
  const calls: ObservedCall[] = [];
  const aws = ports.clients(
    state.target,
    (call) => {
      calls.push(call);
      ports.onCall?.({ ...call, case: state.id, act });
    },
    signal,
  );
  const context: StepContext = {
    case: { id: state.id, openedAt: state.openedAt, incident: state.incident },
    findings: state.findings,
    target: state.target,
    aws,
    prepared: ports.prepared(state.target, aws, state.findings),
    outcomes: outcomesFor(state, step),
    survivors: state.assessments.at(-1)?.survivors ?? null,
    settings: ports.settings,
    now: ports.clock.now(),
    signal,
    attempt,
    nonce: state.nonce,
  };
  return { context, calls };
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
