import type { Change, Left } from "./change.ts";
import type { Check, Contained, Containment, Survivor } from "./containment.ts";
import type { Finding, Verdict } from "./finding.ts";
import { canonicalJson, type Json, sha256 } from "./json.ts";
import type { Ledger } from "./ledger.ts";
import type { MustAsk } from "./route.ts";
import type { Target } from "./step.ts";

/** Who did something: a person, or Cordon itself. */
export interface Actor {
  readonly kind: "person" | "cordon";
  readonly id: string;
  readonly channel: "cli" | "api" | "engine" | "drill";
}

/** A call to AWS as the journal keeps it: enough to find it again in CloudTrail. */
export interface Request {
  readonly operation: string;
  readonly requestId: string | null;
  readonly at: string;
  readonly error: string | null;
}

/** What happened. Every state of a case is folded from these, in order (`core/case.ts`). */
export type Happening =
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

export interface NewEvent {
  readonly actor: Actor;
  readonly body: Happening;
}

/** One event of a case. Its hash covers the one before it, so that none can be taken out, moved or edited unnoticed. */
export interface JournalEvent extends NewEvent {
  readonly case: string;
  /** From 1, without gaps. */
  readonly sequence: number;
  /** UTC, to the millisecond. */
  readonly time: string;
  /** Hash of the event before, 64 zeros for the first. */
  readonly previous: string;
  readonly hash: string;
}

export const GENESIS = "0".repeat(64);

/** The longest event that the journal takes, in bytes of canonical JSON. Anything larger is an artifact. */
export const MAX_EVENT_BYTES = 65_536;
/** Seals events onto a journal that ends with `previous` at `sequence`. */
export function seal(
  events: readonly NewEvent[],
  onto: { readonly case: string; readonly sequence: number; readonly previous: string; readonly now: number },
): readonly JournalEvent[] {
  let { sequence, previous } = onto;
  return events.map((event) => {
    sequence += 1;
    const body = { ...event, case: onto.case, sequence, time: new Date(onto.now).toISOString(), previous };
    const text = canonicalJson(body as unknown as Json);
    const bytes = Buffer.byteLength(text);
    if (bytes > MAX_EVENT_BYTES)
      throw new RangeError(`event ${event.body.type} is ${bytes} bytes long; the limit is ${MAX_EVENT_BYTES}`);
    const hash = sha256(previous + text);
    previous = hash;
    return { ...body, hash };
  });
}

export type JournalVerdict =
  | { readonly ok: true; readonly events: number; readonly head: string }
  | { readonly ok: false; readonly sequence: number; readonly reason: string };

/** Recomputes the whole chain. Finds an edited, removed, reordered or inserted event; a cut-off end needs an anchor (`expected`). */
export function verifyJournal(
  events: readonly JournalEvent[],
  expected?: { readonly sequence: number; readonly hash: string },
): JournalVerdict {
  let previous = GENESIS;
  let sequence = 0;
  for (const event of events) {
    sequence += 1;
    if (event.sequence !== sequence)
      return { ok: false, sequence, reason: `expected event ${sequence}, found ${event.sequence}` };
    if (event.previous !== previous) return { ok: false, sequence, reason: "it does not follow from the event before" };
    const { hash, ...rest } = event;
    if (hashOf(previous, rest) !== hash) {
      return { ok: false, sequence, reason: "its content does not match its hash" };
    }
    if (expected?.sequence === sequence && expected.hash !== hash) {
      return { ok: false, sequence, reason: "it is not the event that was anchored" };
    }
    previous = hash;
  }
  if (expected && expected.sequence > sequence) {
    return { ok: false, sequence, reason: `it ends at event ${sequence}, and event ${expected.sequence} was anchored` };
  }
  return { ok: true, events: sequence, head: previous };
}

/** Null for what is nested too deeply to be written down: nothing that was sealed here is. */
function hashOf(previous: string, event: Omit<JournalEvent, "hash">): string | null {
  try {
    return sha256(previous + canonicalJson(event as unknown as Json));
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
