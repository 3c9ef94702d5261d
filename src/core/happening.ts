/** What can happen in a case: the bodies of the events of its journal. */
import type { Change, Left } from "./change.ts";
import type { Check, Contained, Containment, Survivor } from "./containment.ts";
import type { Finding, Verdict } from "./finding.ts";
import type { Json } from "./json.ts";
import type { Ledger } from "./ledger.ts";
import type { OnTimeout, Playbook } from "./playbook.ts";
import type { MustAsk } from "./route.ts";
import type { Settings } from "./settings.ts";
import type { Target } from "./step.ts";

/** A call to AWS as the journal keeps it: enough to find it again in CloudTrail. */
export interface Request {
  readonly operation: string;
  readonly requestId: string | null;
  readonly at: string;
  readonly error: string | null;
}

/** Where the whole of an event is that was too long for the journal. */
export interface WholeEvent {
  /** The artifact that has it; null if the vault did not take it, so that what was cut is lost. */
  readonly artifact: string | null;
  readonly sha256: string;
  readonly bytes: number;
  /** What was left out, for people. */
  readonly cut: string;
}

/** What a case was decided by when it was opened. */
export interface DecidedBy {
  readonly playbook: Playbook;
  readonly settings: Settings;
}

/** Where that is, if it is too long for the journal. */
export interface DecidedElsewhere {
  readonly location: string;
  readonly sha256: string;
}

/**
 * What happened. Every state of a case is folded from these, in order (`core/case.ts`). One that was too long for the journal
 * is cut, and says where the whole of it is.
 */
export type Happening = Occurrence & { readonly whole?: WholeEvent };

type Occurrence =
  | {
      readonly type: "case.opened";
      readonly target: Target;
      readonly incident: string;
      readonly playbook: string;
      readonly verdict: Verdict;
      readonly reason: string;
      /** The person whose order it was, if one gave it; it satisfies `autonomy`, never `always`. */
      readonly orderedBy: string | null;
      /** Why people must be asked whatever the verdict; null where they need not be. Older journals leave it out. */
      readonly mustAsk?: MustAsk | null;
      readonly nonce: string;
      readonly findings: readonly Finding[];
      /** The playbook and the settings, so that no later edit of a file changes the case. Older journals leave it out. */
      readonly decidedBy?: DecidedBy | DecidedElsewhere;
    }
  | {
      readonly type: "finding.joined";
      readonly finding: Finding;
      readonly verdict: Verdict;
      readonly reason: string;
      /** A reason to ask from now on; null where a person's order ends the asking. Left out where it changes nothing. */
      readonly mustAsk?: MustAsk | null;
    }
  | {
      readonly type: "stage.started";
      readonly stage: string;
      /** When its steps begin, where that is later. */
      readonly due?: string;
    }
  | { readonly type: "stage.ended"; readonly stage: string; readonly outcome: StageOutcome }
  | {
      readonly type: "step.planned";
      readonly stage: string;
      readonly step: string;
      readonly changes: readonly Change[];
      readonly left: readonly Left[];
      readonly reversible: string;
      /** The last event that the plan could see, and when it began to look. Older journals leave both out. */
      readonly seen?: number;
      readonly began?: string;
      /** Set if this is the rest of a plan that is too long for one event. */
      readonly continues?: true;
      readonly requests: readonly Request[];
    }
  | {
      readonly type: "step.enabled";
      readonly stage: string;
      readonly step: string;
      readonly by: string;
      readonly reason: string;
    }
  | {
      readonly type: "step.failed";
      readonly stage: string;
      readonly step: string;
      readonly refused: boolean;
      readonly code: string;
      readonly message: string;
      readonly remedy: string;
    }
  | {
      readonly type: "approval.asked";
      readonly stage: string;
      readonly hash: string;
      readonly of: string;
      readonly required: number;
      readonly deadline: string;
      /** What the playbook does at the deadline. Older journals leave it out. */
      readonly onTimeout?: OnTimeout;
      readonly lines: readonly string[];
    }
  | {
      readonly type: "approval.decided";
      readonly stage: string;
      readonly hash: string;
      readonly decision: "approve" | "reject";
      readonly reason: string | null;
    }
  | {
      readonly type: "approval.expired";
      readonly stage: string;
      readonly consequence: "proceed" | "hold" | "escalate" | "abort";
    }
  | {
      readonly type: "approval.voided";
      readonly stage: string;
      readonly hash: string;
      readonly differences: readonly string[];
    }
  | {
      readonly type: "act.started";
      readonly change: string;
      readonly verb: "run" | "revert";
      readonly attempt: number;
      readonly owner: string;
    }
  | {
      readonly type: "act.postponed";
      readonly subject: string;
      readonly verb: string;
      readonly code: string;
      readonly message: string;
      readonly until: string;
      /** Whether a call may have had its effect though it was not answered. */
      readonly lost?: boolean;
      readonly requests: readonly Request[];
    }
  | {
      readonly type: "change.progressed";
      readonly change: string;
      readonly verb: "run" | "revert";
      readonly progress: Json;
      readonly due: string;
      readonly deadline: string;
      readonly requests: readonly Request[];
    }
  | {
      readonly type: "change.applied";
      readonly change: string;
      readonly outcome: Json;
      readonly requests: readonly Request[];
    }
  | {
      readonly type: "change.verified";
      readonly change: string;
      readonly what: string;
      readonly expected: Json;
      readonly observed: Json;
      readonly requests: readonly Request[];
    }
  | {
      readonly type: "change.failed";
      readonly change: string;
      readonly verb: "run" | "verify";
      readonly code: string;
      readonly message: string;
      readonly requests: readonly Request[];
    }
  | {
      /** It was verified, and a proof found that it does not hold any more: it is to be run again. */
      readonly type: "change.broken";
      readonly change: string;
      readonly what: string;
      readonly expected: Json;
      readonly observed: Json;
      readonly requests: readonly Request[];
    }
  | { readonly type: "change.reverted"; readonly change: string; readonly requests: readonly Request[] }
  | {
      readonly type: "change.revertRefused";
      readonly change: string;
      readonly code: string;
      readonly message: string;
      readonly requests: readonly Request[];
    }
  | { readonly type: "change.accepted"; readonly change: string }
  | {
      readonly type: "assessment.made";
      readonly stage: string | null;
      readonly step: string;
      readonly checks: readonly Check[];
      readonly survivors: readonly Survivor[];
      /** Older journals leave out the ledger, `because` and `dueAt`. */
      readonly ledger?: Ledger;
      /** What follows from it and from the latest assessments of other kinds. */
      readonly contained: Contained;
      readonly because?: Containment["because"];
      readonly dueAt?: number | null;
      readonly statement: string;
      readonly asOf: string;
      readonly artifact: string | null;
      readonly requests: readonly Request[];
    }
  | {
      readonly type: "artifact.stored";
      readonly artifact: string;
      readonly kind: string;
      /** The item it was collected for; null for what an assessment wrote. */
      readonly item: string | null;
      readonly location: string;
      /** Null for what has no content hash of its own, such as an EBS snapshot. */
      readonly sha256: string | null;
      readonly bytes: number | null;
      readonly readAt: string;
      /** Ids of the changes that had been sent when it was read. */
      readonly changesSent: readonly string[];
      readonly lineage: Json;
      readonly lock: { readonly mode: string; readonly until: string } | null;
    }
  | {
      /** The head of this journal lies in the vault since then: whoever cuts the journal off before it is found out. */
      readonly type: "journal.anchored";
      readonly sequence: number;
      readonly head: string;
      readonly location: string;
    }
  | {
      /** A copy of the evidence left the vault. */
      readonly type: "evidence.exported";
      readonly to: string;
      readonly files: number;
      readonly bytes: number;
    }
  | { readonly type: "case.settled"; readonly status: CaseStatus }
  | { readonly type: "release.asked"; readonly reason: string | null }
  | { readonly type: "release.ended"; readonly status: "released" | "releasedInPart" };

export type StageOutcome = "done" | "failed" | "rejected" | "nothing";

export type CaseStatus = "open" | "waiting" | ProvenStatus | "released" | "releasedInPart" | "closed" | "ignored";
export type ProvenStatus = "contained" | "sealed" | "partial" | "failed";
