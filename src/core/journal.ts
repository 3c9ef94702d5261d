import type { Happening } from "./happening.ts";
import { canonicalJson, type Json, sha256 } from "./json.ts";

export type {
  CaseStatus,
  DecidedBy,
  DecidedElsewhere,
  Happening,
  ProvenStatus,
  Request,
  StageOutcome,
} from "./happening.ts";

/** Who did something: a person, or Cordon itself. */
export interface Actor {
  readonly kind: "person" | "cordon";
  readonly id: string;
  readonly channel: "cli" | "api" | "engine" | "drill";
}

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
