import { CordonError } from "./errors.ts";
import type { JournalEvent } from "./journal.ts";

/** Where a row stands. */
export interface RowPlace {
  readonly case: string;
  readonly sequence: number;
}

/**
 * Reads one event out of what a store kept. Whoever may write to the store may have had a hand in it: that it is an event at
 * all is seen here, and whether it is the one that Cordon wrote by its hash (`verifyJournal`).
 *
 * @throws CordonError `journal_unreadable`
 */
export function eventIn(row: string, place: RowPlace): JournalEvent {
  let event: unknown;
  try {
    event = JSON.parse(row);
  } catch {
    throw unreadable(place, "it is not JSON");
  }
  const lack = lackOf(event);
  if (lack !== null) throw unreadable(place, lack);
  return event as JournalEvent;
}

export function unreadable({ case: id, sequence }: RowPlace, reason: string, cause?: unknown): CordonError {
  return new CordonError("journal_unreadable", { case: id, sequence: String(sequence), reason }, { cause });
}

/** What an event must have for anything to be said about it; null where it has it. */
function lackOf(event: unknown): string | null {
  if (!isRecord(event)) return "it is no event";
  for (const name of ["case", "time", "previous", "hash"]) {
    if (typeof event[name] !== "string") return `its ${name} is no text`;
  }
  if (Number.isNaN(Date.parse(String(event["time"])))) return "its time is none";
  if (!Number.isSafeInteger(event["sequence"])) return "its sequence is no number";
  const { actor, body } = event;
  if (!isRecord(body) || typeof body["type"] !== "string") return "it does not say what happened";
  if (!isRecord(actor) || typeof actor["id"] !== "string") return "it does not say who did it";
  return lackOfBody(body);
}

/** Who a journal is about and where its evidence lies must be said, for a verdict to be given on the rest. */
function lackOfBody({ type, target, findings, location, sha256 }: Readonly<Record<string, unknown>>): string | null {
  switch (type) {
    case "case.opened": {
      const isTarget = isRecord(target) && ["account", "region", "instanceId"].every((name) => isText(target[name]));
      return isTarget && Array.isArray(findings) ? null : "it opens a case and does not say on what";
    }
    case "artifact.stored":
      return isText(location) && (sha256 === null || isText(sha256)) ? null : "it does not say where evidence lies";
    default:
      return null;
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
