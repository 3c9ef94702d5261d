import type { JournalEvent } from "../core/journal.ts";

/** One line of a timeline, with the fields that Timesketch requires: `message`, `datetime` and `timestamp_desc`. */
export interface TimelineRow {
  readonly message: string;
  /** ISO 8601, UTC. */
  readonly datetime: string;
  /** What the time means: when it was recorded, when a finding saw it first. */
  readonly timestamp_desc: string;
  readonly case: string;
  readonly sequence: number;
  readonly actor: string;
  readonly type: string;
}

/** Says an event in one sentence; null for what only machines need to know. */
export type Tell = (event: JournalEvent) => string | null;

/**
 * The journal as a timeline, oldest first. A finding brings the times at which it was first and last seen besides the time at
 * which Cordon wrote it down.
 * https://timesketch.org/guides/user/import-from-json-csv/
 */
export function timelineOf(events: readonly JournalEvent[], tell: Tell): readonly TimelineRow[] {
  const rows = events.flatMap((event): readonly TimelineRow[] => {
    const { case: id, sequence, time, actor, body } = event;
    const row = { case: id, sequence, actor: `${actor.kind} ${actor.id}`, type: body.type };
    const findings = body.type === "case.opened" ? body.findings : body.type === "finding.joined" ? [body.finding] : [];
    const seen = findings.flatMap(({ type, title, firstSeen, lastSeen }) => [
      { ...row, message: `${type}: ${title}`, datetime: firstSeen, timestamp_desc: "Finding first seen" },
      { ...row, message: `${type}: ${title}`, datetime: lastSeen, timestamp_desc: "Finding last seen" },
    ]);
    const told = tell(event);
    return [...seen, ...(told === null ? [] : [{ ...row, message: told, datetime: time, timestamp_desc: "Recorded" }])];
  });
  return rows.toSorted((left, right) => left.datetime.localeCompare(right.datetime) || left.sequence - right.sequence);
}

export function timelineJsonLines(rows: readonly TimelineRow[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

/** RFC 4180. What a spreadsheet would take for a formula gets an apostrophe in front: the text may be the intruder's. */
export function timelineCsv(rows: readonly TimelineRow[]): string {
  const names = ["message", "datetime", "timestamp_desc", "case", "sequence", "actor", "type"] as const;
  return csv([[...names], ...rows.map((row) => names.map((name) => String(row[name])))]);
}

/** Lines of RFC 4180, with formulas disarmed. */
export function csv(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

function cell(text: string): string {
  const tame = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(tame) ? `"${tame.replaceAll('"', '""')}"` : tame;
}
