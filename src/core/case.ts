import type { Artifact } from "./artifact.ts";
import { applyApproval } from "./case-approvals.ts";
import { artifactOf } from "./case-artifacts.ts";
import { type AssessmentRecord, assessmentOf, provenStatus } from "./case-assessments.ts";
import { applyChange, applyPlan, applyPostponed, forgetRefusals, stepRecord } from "./case-changes.ts";
import { applyStage, type StageRecord } from "./case-stages.ts";
import type { Change, ChangeState, Left } from "./change.ts";
import type { Finding, Verdict } from "./finding.ts";
import type { CaseStatus, DecidedBy, DecidedElsewhere, Happening, JournalEvent } from "./journal.ts";
import { GENESIS } from "./journal.ts";
import { unreadable } from "./journal-row.ts";
import type { Json } from "./json.ts";
import type { OnTimeout } from "./playbook.ts";
import type { MustAsk } from "./route.ts";
import type { Target } from "./step.ts";
import { verdictAfter } from "./verdict.ts";

export interface StepRecord {
  readonly stage: string;
  readonly step: string;
  status: "planned" | "failed" | "assessed";
  plannedAt: number;
  /** The last event that the latest plan could see, and when it began to look: what came after is not in it. */
  seen: number;
  beganAt: number;
  /** How many plans were made; a plan that is made again replaces what had not been started. */
  plans: number;
  left: readonly Left[];
  failure: {
    readonly code: string;
    readonly message: string;
    readonly remedy: string;
    readonly refused: boolean;
  } | null;
  /** Steps that were put in to make what this one lacked. */
  enabledBy: string | null;
}

export interface ChangeRecord {
  readonly change: Change;
  readonly stage: string;
  readonly reversible: string;
  state: ChangeState | "dropped";
  /** Whether it was ever begun and not reverted since: whatever a later plan makes of it, it may have had an effect. */
  hasBegun: boolean;
  /** What it was when its revert was refused: the next release looks again, somebody may have put the resource back. */
  refusedAs: ChangeRecord["state"] | null;
  /** Which verb is under way (journalled as started and not ended). */
  under: "run" | "revert" | null;
  attempt: number;
  /** When the attempt under way was begun; null once its end is journalled. */
  startedAt: number | null;
  /** When the latest attempt was begun whose end nobody knows. */
  unansweredSince: number | null;
  progress: Json;
  dueAt: number;
  deadline: number;
  outcome: Json;
  appliedAt: number;
  /** Order of application within the case, for reverting backwards. */
  order: number;
  verifiedAt: number | null;
  /** A proof found it undone, and it has not been run again. */
  isBroken: boolean;
  /** When proofs found it undone, in milliseconds since 1970: the latest ones. */
  brokenAt: readonly number[];
  failure: string | null;
}

export interface ApprovalRecord {
  readonly stage: string;
  hash: string;
  required: number;
  of: string;
  lines: readonly string[];
  /** Whether lines were left out because the journal does not take them: the hash is of all. */
  isCut: boolean;
  /** What was asked before it was asked again, the latest last: what a person may have read. */
  earlier: readonly { readonly hash: string; readonly lines: readonly string[] }[];
  askedAt: number;
  deadline: number;
  state: "pending" | "approved" | "rejected" | "expired" | "voided";
  /** What the playbook does at the deadline; null in journals that do not say. */
  onTimeout: OnTimeout | null;
  /** What happened at the deadline. */
  consequence: string | null;
  approvedBy: string[];
  decidedAt: number | null;
  reason: string | null;
}

/** Everything known about a case, folded from its journal. Nothing else is kept. */
export interface CaseState {
  readonly id: string;
  sequence: number;
  head: string;
  openedAt: number;
  openedBy: string;
  target: Target;
  incident: string;
  playbook: string;
  verdict: Verdict;
  reason: string;
  orderedBy: string | null;
  mustAsk: MustAsk | null;
  nonce: string;
  findings: Finding[];
  readonly stages: Map<string, StageRecord>;
  /** By `stage/step`. */
  readonly steps: Map<string, StepRecord>;
  readonly changes: Map<string, ChangeRecord>;
  readonly approvals: Map<string, ApprovalRecord>;
  readonly assessments: AssessmentRecord[];
  readonly artifacts: Artifact[];
  /** The last event that the vault should vouch for, and the last one that it does. */
  anchorDue: number;
  anchored: number;
  /** Postponed acts: when each may be tried again, by `verb subject`, and how often it was postponed in a row. */
  readonly postponed: Map<string, { until: number; times: number }>;
  /** The event of the last finding that joined; steps that follow findings and have not seen it plan again. */
  joined: number;
  /** The playbook and the settings that the case was opened with; null in journals that do not have them. */
  decidedBy: DecidedBy | DecidedElsewhere | null;
  settled: CaseStatus | null;
  release: { readonly askedAt: number; readonly by: string; ended: "released" | "releasedInPart" | null } | null;
}

/** Folds a whole journal. One that tells no story, as after somebody took an event out, is refused: `journal_unreadable`. */
export function caseOf(events: readonly JournalEvent[]): CaseState {
  const first = events[0];
  if (first?.body.type !== "case.opened")
    throw unreadable({ case: first?.case ?? "unknown", sequence: 1 }, "it does not begin with the opening of a case");
  const state = emptyCase(first.case);
  try {
    for (const event of events) apply(state, event);
  } catch (error) {
    throw unreadable({ case: state.id, sequence: state.sequence }, String(error), error);
  }
  return state;
}

function emptyCase(id: string): CaseState {
  return {
    id,
    sequence: 0,
    head: GENESIS,
    openedAt: 0,
    openedBy: "",
    target: { account: "", region: "", instanceId: "" },
    incident: "",
    playbook: "",
    verdict: "suspected",
    reason: "",
    orderedBy: null,
    mustAsk: null,
    nonce: "",
    findings: [],
    stages: new Map(),
    steps: new Map(),
    changes: new Map(),
    approvals: new Map(),
    assessments: [],
    artifacts: [],
    anchorDue: 0,
    anchored: 0,
    postponed: new Map(),
    joined: 0,
    decidedBy: null,
    settled: null,
    release: null,
  };
}

/** Applies one event to a case, in place. */
export function apply(state: CaseState, event: JournalEvent): void {
  const at = Date.parse(event.time);
  state.sequence = event.sequence;
  state.head = event.hash;
  const { body } = event;
  if (isAnchored(body)) state.anchorDue = event.sequence;
  if (body.type === "act.postponed") {
    const key = `${body.verb} ${body.subject}`;
    state.postponed.set(key, { until: Date.parse(body.until), times: (state.postponed.get(key)?.times ?? 0) + 1 });
    return applyPostponed(state, body);
  }
  if (body.type.startsWith("approval.")) return applyApproval(state, event, at);
  if (body.type.startsWith("change.") || body.type === "act.started") return applyChange(state, body, at);
  applyCase(state, event, body, at);
}

/** Each end of a stage, decision and close is vouched for outside the store. */
function isAnchored({ type }: Happening): boolean {
  return (
    type === "stage.ended" ||
    type === "approval.decided" ||
    type === "approval.expired" ||
    type === "case.settled" ||
    type === "release.ended"
  );
}

function applyCase(state: CaseState, event: JournalEvent, body: Happening, at: number): void {
  switch (body.type) {
    case "case.opened": {
      const { target, incident, playbook, verdict, reason, orderedBy, nonce } = body;
      Object.assign(state, {
        target,
        incident,
        playbook,
        verdict,
        reason,
        orderedBy,
        mustAsk: body.mustAsk ?? null,
        decidedBy: body.decidedBy ?? null,
        nonce,
        openedAt: at,
        openedBy: event.actor.id,
      });
      state.findings.push(...body.findings);
      return;
    }
    case "finding.joined":
      state.findings.push(body.finding);
      state.joined = event.sequence;
      if (body.mustAsk === null || (body.mustAsk && state.mustAsk === null)) state.mustAsk = body.mustAsk;
      Object.assign(state, verdictAfter(state, body));
      return;
    case "stage.started":
    case "stage.ended":
      return applyStage(state, body, at);
    case "step.planned":
      return applyPlan(state, body, at);
    case "step.enabled": {
      const record = stepRecord(state, body.stage, body.step, at);
      record.enabledBy = body.by;
      return;
    }
    case "step.failed": {
      const record = stepRecord(state, body.stage, body.step, at);
      record.status = "failed";
      record.failure = { code: body.code, message: body.message, remedy: body.remedy, refused: body.refused };
      return;
    }
    case "assessment.made": {
      const { stage, step } = body;
      state.assessments.push(assessmentOf(state, body));
      if (stage !== null) stepRecord(state, stage, step, at).status = "assessed";
      state.postponed.delete(`assess ${stage}/${step}`);
      return;
    }
    case "artifact.stored":
      state.artifacts.push(artifactOf(body));
      return;
    case "journal.anchored":
      state.anchored = body.sequence;
      state.postponed.delete("anchor journal");
      return;
    case "case.settled":
      state.settled = body.status;
      return;
    case "release.asked":
      state.release = { askedAt: at, by: event.actor.id, ended: null };
      forgetRefusals(state);
      return;
    case "release.ended":
      if (state.release) state.release.ended = body.status;
      return;
    default:
      return;
  }
}

/** What to call the state of a case in one word: once there is a proof, what the last one says. */
export function statusOf(state: CaseState): CaseStatus {
  if (state.release?.ended) return state.release.ended;
  if (state.settled === "closed" || state.settled === "ignored") return state.settled;
  const latest = state.assessments.at(-1);
  if (latest) return provenStatus(latest.contained);
  if (state.settled) return state.settled;
  return [...state.approvals.values()].some((approval) => approval.state === "pending") ? "waiting" : "open";
}
