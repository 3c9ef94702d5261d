import { lineInWords } from "../../core/approval.ts";
import type { CaseState, ChangeRecord } from "../../core/case.ts";
import type { JournalEvent } from "../../core/journal.ts";
import { EMPTY_LEDGER } from "../../core/ledger.ts";
import type { Original } from "../../core/store.ts";
import { caseSummary } from "../verdicts.ts";
import { outcomeLines } from "./outcome.ts";
import { ledgerLines } from "./ledger.ts";
import { withSeal } from "./seal-watch.ts";
import { brief, printable, storyLine } from "./story.ts";

export interface CaseView {
  readonly state: CaseState;
  readonly events: readonly JournalEvent[];
  /** What the attributes of its resources were before Cordon first touched them. */
  readonly originals: readonly Original[];
  /** Whether a process works on it at the moment, and so proves it again. */
  readonly isWorkedOn: boolean;
  readonly journal: { readonly ok: boolean; readonly events: number; readonly reason: string | null };
}

/** A case for programs. */
export function caseDocument({ state, events, originals, journal, isWorkedOn }: CaseView): object {
  return {
    ...caseSummary(state),
    isWorkedOn,
    reason: state.reason,
    orderedBy: state.orderedBy,
    findings: state.findings,
    approvals: [...state.approvals.values()].map(
      ({ stage, state: at, of, required, approvedBy, reason, hash, lines }) => ({
        stage,
        hash,
        asks: lines,
        state: at,
        of,
        required,
        approvedBy,
        reason,
      }),
    ),
    checks: state.assessments.at(-1)?.checks ?? [],
    survivors: state.assessments.at(-1)?.survivors ?? [],
    ledger: state.assessments.at(-1)?.ledger ?? EMPTY_LEDGER,
    changes: changesIn(state).map(({ change, stage, state: at, reversible, failure }) => ({
      id: change.id,
      stage,
      step: change.step,
      resource: change.resource,
      attribute: change.attribute ?? null,
      before: change.before,
      after: change.after,
      state: at,
      reversible,
      failure,
    })),
    originals: originals.map(({ resource, attribute, value }) => ({ resource, attribute, value })),
    evidence: state.artifacts,
    journal,
    story: withSeal(
      events,
      ({ time, actor }, what) => (what === null ? [] : [{ time, by: actor.id, what }]),
      storyLine,
    ),
  };
}

/** What was or would be changed: what is saved stands under evidence. */
function changesIn({ changes }: CaseState): readonly ChangeRecord[] {
  return [...changes.values()].filter(({ change }) => change.collects !== true);
}

/** A case for people: how it stands, what happened, what was changed, what it was before. */
export function caseLines({ state, events, originals, journal, isWorkedOn }: CaseView): readonly string[] {
  return [
    ...outcomeLines(state),
    ...ageLines(state, isWorkedOn),
    "",
    "What happened (UTC):",
    ...withSeal(
      events,
      ({ time }, line) => (line === null ? [] : [`  ${time.slice(0, 10)} ${time.slice(11, 23)}  ${line}`]),
      storyLine,
    ),
    "",
    "Findings:",
    ...state.findings.map(
      ({ type, source, severity, remoteAddresses }) =>
        `  ${printable(type)} from ${source}, severity ${severity}${remoteAddresses.length === 0 ? "" : `: ${remoteAddresses.map(({ address, port }) => (port === null ? address : `${address} port ${port}`)).join(", ")}`}`,
    ),
    ...approvalLines(state),
    ...ledgerLines(state),
    "",
    "Changes:",
    ...changesIn(state).map(
      ({ change, state: at }) => `  ${change.id}: ${brief(change.before)} -> ${brief(change.after)}  (${at})`,
    ),
    "",
    "As it was before Cordon first touched it:",
    ...(originals.length === 0
      ? ["  nothing is recorded, or everything was put back"]
      : originals.map(({ resource, attribute, value }) => `  ${resource} ${attribute}: ${brief(value)}`)),
    "",
    journal.ok
      ? `The journal verifies: ${journal.events} events.`
      : `The journal does NOT verify: ${journal.reason ?? ""}`,
  ];
}

/** When the last proof was made, and that it gets older if nobody works on the case. */
function ageLines(state: CaseState, isWorkedOn: boolean): readonly string[] {
  const { asOf, status } = caseSummary(state);
  if (asOf === null || status === "closed") return [];
  const made = `The last proof was made at ${asOf.slice(0, 10)} ${asOf.slice(11, 19)}Z`;
  return isWorkedOn
    ? [`${made}; a process is at work on this case and proves it again.`]
    : [
        `${made} and is ageing: nothing works on this case, and what others change is not seen. \`cordon watch\` keeps at it.`,
      ];
}

function approvalLines(state: CaseState): readonly string[] {
  if (state.approvals.size === 0) return [];
  const lines = [...state.approvals.values()].flatMap(
    ({ stage, state: at, of, required, approvedBy, reason, hash, lines: asked }) => [
      `  ${stage}: ${at}, ${required} of ${of}${approvedBy.length === 0 ? "" : `, by ${approvedBy.join(", ")}`}${reason === null ? "" : `: ${printable(reason)}`}`,
      ...(at === "pending" ? [`    hash ${hash}`, ...asked.map((line) => `    ${printable(lineInWords(line))}`)] : []),
    ],
  );
  return ["", "Approvals:", ...lines];
}
