import type { JournalEvent } from "../../core/journal.ts";
import { printable, storyLine } from "./story.ts";

/** Tells the events of a drill as they happen, a line each. */
export class Narration {
  readonly #receivedAt: number;
  readonly #instances = new Map<string, string>();
  readonly #statements = new Map<string, string>();

  constructor(receivedAt: number) {
    this.#receivedAt = receivedAt;
  }

  /** The line for an event; null for what needs no telling. */
  line(event: JournalEvent): string | null {
    const { body } = event;
    if (body.type === "case.opened") this.#instances.set(event.case, body.target.instanceId);
    const line = body.type === "assessment.made" ? this.#proof(event.case, body.statement) : storyLine(event);
    if (line === null) return null;
    const isOneOfMany = this.#instances.size > 1 && body.type !== "case.opened";
    const whose = isOneOfMany ? `${this.#instances.get(event.case) ?? event.case}  ` : "";
    return `${seconds(Date.parse(event.time) - this.#receivedAt).padStart(10)}  ${whose}${line}`;
  }

  /** A proof that finds what the one before it found is told in short. */
  #proof(caseId: string, statement: string): string {
    const [head = "", ...rest] = statement.split("; ");
    const before = this.#statements.get(caseId);
    const timeless = statement.replace(/ as of \S+?Z/, "");
    this.#statements.set(caseId, timeless);
    return printable(before === timeless && rest.length > 0 ? `${head}; the rest as before` : statement);
  }
}

/** A time from the receipt of the finding on, in seconds. */
export function seconds(ms: number): string {
  return `${ms < 0 ? "-" : "+"}${(Math.abs(ms) / 1000).toFixed(2)} s`;
}
