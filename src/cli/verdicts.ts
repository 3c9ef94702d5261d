import type { Contained } from "../core/containment.ts";
import { type ApprovalRecord, type CaseState, openWindows, statusOf } from "../core/case.ts";

/** Stages that wait for people. */
export function pendingApprovals({ approvals }: CaseState): readonly ApprovalRecord[] {
  return [...approvals.values()].filter(({ state }) => state === "pending");
}

/** The exit code that says how a case stands after Cordon acted. */
export function exitCodeOf(state: CaseState): number {
  const contained = state.assessments.at(-1)?.contained ?? null;
  if (contained === true && openWindows(state).length === 0) return 0;
  if (pendingApprovals(state).length > 0) return 4;
  if ([...state.steps.values()].some(({ failure }) => failure?.code === "access_denied")) return 6;
  if ([...state.approvals.values()].some(({ state: at }) => at === "rejected")) return 5;
  return statusOf(state) === "closed" ? 0 : 3; // Nothing was to be contained, and nothing failed.
}

/** The worst of several cases: a failure before something that waits, something that waits before success. */
export function worstOf(codes: readonly number[]): number {
  const order = [6, 3, 5, 4, 0];
  return order.find((code) => codes.includes(code)) ?? 0;
}

/** How a case stands, as programs read it. */
export function caseSummary(state: CaseState): {
  readonly case: string;
  readonly instance: string;
  readonly account: string;
  readonly region: string;
  readonly playbook: string;
  readonly verdict: string;
  readonly status: string;
  readonly contained: Contained | null;
  readonly statement: string | null;
  readonly asOf: string | null;
  readonly openedAt: string;
  readonly waitsFor: readonly { readonly stage: string; readonly of: string; readonly until: string }[];
  readonly openWindows: readonly { readonly resource: string; readonly due: string | null }[];
} {
  const latest = state.release ? undefined : state.assessments.at(-1); // What was proved before a release says nothing after it.
  return {
    case: state.id,
    instance: state.target.instanceId,
    account: state.target.account,
    region: state.target.region,
    playbook: state.playbook,
    verdict: state.verdict,
    status: statusOf(state),
    contained: latest?.contained ?? null,
    statement: latest?.statement ?? null,
    asOf: latest ? new Date(latest.asOf).toISOString() : null,
    openedAt: new Date(state.openedAt).toISOString(),
    waitsFor: pendingApprovals(state).map(({ stage, of, deadline }) => ({
      stage,
      of,
      until: new Date(deadline).toISOString(),
    })),
    openWindows: openWindows(state).map(({ resource, due }) => ({
      resource,
      due: due === 0 ? null : new Date(due).toISOString(),
    })),
  };
}
