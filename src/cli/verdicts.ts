import type { Contained } from "../core/containment.ts";
import type { Horizon } from "../core/ledger.ts";
import { provenAt, sealedAt } from "../core/seal.ts";
import { type ApprovalRecord, type CaseState, statusOf } from "../core/case.ts";
import { openWindows } from "../core/open-windows.ts";

/** Stages that wait for people. */
export function pendingApprovals({ approvals }: CaseState): readonly ApprovalRecord[] {
  return [...approvals.values()].filter(({ state }) => state === "pending");
}

/**
 * The exit code that says how a case stands after Cordon acted: 0 if it is cut off (`sealed` or `true`) and nothing stands
 * open, else the highest that applies of 6 (a permission is missing), 5 (people rejected), 4 (people are asked) and 3.
 */
export function exitCodeOf(state: CaseState): number {
  const contained = state.assessments.at(-1)?.contained ?? null;
  if ((contained === true || contained === "sealed") && openWindows(state).length === 0) return 0;
  if ([...state.steps.values()].some(({ failure }) => failure?.code === "access_denied")) return 6;
  if ([...state.approvals.values()].some(({ state: at }) => at === "rejected")) return 5;
  if (pendingApprovals(state).length > 0) return 4;
  return statusOf(state) === "closed" ? 0 : 3; // Nothing was to be contained, and nothing failed.
}

/** Whether a later proof may say more: it is not `true` yet, and a late stage or evidence is due. */
export function isProofDue({ assessments, stages, release }: CaseState): boolean {
  const latest = assessments.at(-1);
  if (release || latest?.contained === true) return false;
  const comes = [...stages.values()].some(({ dueAt, outcome }) => dueAt !== null && outcome === null);
  return comes || (latest !== undefined && latest.dueAt !== null);
}

/** The exit code for several cases: the highest. */
export function worstOf(codes: readonly number[]): number {
  return Math.max(0, ...codes);
}

/** A source that is read late, and up to when it is known. */
interface HorizonDocument {
  readonly source: string;
  readonly until: string | null;
  readonly dueAt: string | null;
  readonly gap: string | null;
}

/** How a case stands, as programs read it. */
export interface CaseSummary {
  readonly case: string;
  readonly instance: string;
  readonly account: string;
  readonly region: string;
  readonly playbook: string;
  readonly verdict: string;
  readonly status: string;
  readonly contained: Contained | null;
  /** Why it is `partial`; null for the other answers. */
  readonly because: "open" | "unproven" | null;
  readonly statement: string | null;
  /** The time at which what decides was read. */
  readonly asOf: string | null;
  /** With `sealed`: when the missing evidence is due. */
  readonly dueAt: string | null;
  readonly horizons: readonly HorizonDocument[];
  /** Since when every interface is verified sealed, and since when every proof says `true`. */
  readonly sealedAt: string | null;
  readonly provenAt: string | null;
  readonly openedAt: string;
  readonly waitsFor: readonly { readonly stage: string; readonly of: string; readonly until: string }[];
  readonly openWindows: readonly { readonly resource: string; readonly due: string | null }[];
}

export function caseSummary(state: CaseState): CaseSummary {
  return {
    case: state.id,
    instance: state.target.instanceId,
    account: state.target.account,
    region: state.target.region,
    playbook: state.playbook,
    verdict: state.verdict,
    status: statusOf(state),
    ...answerDocument(state),
    openedAt: new Date(state.openedAt).toISOString(),
    waitsFor: pendingApprovals(state).map(({ stage, of, deadline }) => ({
      stage,
      of,
      until: new Date(deadline).toISOString(),
    })),
    openWindows: openWindows(state).map(({ resource, due }) => ({ resource, due: due === 0 ? null : timeOf(due) })),
  };
}

/** What the last proof says. What was proved before a release says nothing after it. */
export function answerDocument(
  state: CaseState,
): Pick<CaseSummary, "contained" | "because" | "statement" | "asOf" | "dueAt" | "horizons" | "sealedAt" | "provenAt"> {
  const latest = state.release ? undefined : state.assessments.at(-1);
  return {
    contained: latest?.contained ?? null,
    because: latest?.because ?? null,
    statement: latest?.statement ?? null,
    asOf: timeOf(latest?.asOf ?? null),
    dueAt: timeOf(latest?.dueAt ?? null),
    horizons: horizonsOf(latest?.ledger.horizons ?? []),
    sealedAt: timeOf(sealedAt(state)),
    provenAt: timeOf(provenAt(state)),
  };
}

function horizonsOf(horizons: readonly Horizon[]): readonly HorizonDocument[] {
  return horizons.map(({ source, until, dueAt, gap }) => ({
    source,
    until: timeOf(until),
    dueAt: timeOf(dueAt),
    gap,
  }));
}

function timeOf(time: number): string;
function timeOf(time: number | null): string | null;
function timeOf(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
