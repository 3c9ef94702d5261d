import type { JournalEvent } from "../../core/journal.ts";
import { SealWatch } from "./seal-watch.ts";
import { printable, storyLine } from "./story.ts";

/** Tells the events of a drill as they happen. */
export class Narration {
  readonly #receivedAt: number;
  readonly #instances = new Map<string, string>();
  readonly #statements = new Map<string, string>();
  readonly #seals = new SealWatch();

  constructor(receivedAt: number) {
    this.#receivedAt = receivedAt;
  }

  /** The lines for an event; none for what needs no telling. */
  lines(event: JournalEvent): readonly string[] {
    const { body } = event;
    if (body.type === "case.opened") this.#instances.set(event.case, body.target.instanceId);
    const line = body.type === "assessment.made" ? this.#proof(event.case, body.statement) : storyLine(event);
    const isOneOfMany = this.#instances.size > 1 && body.type !== "case.opened";
    const whose = isOneOfMany ? `${this.#instances.get(event.case) ?? event.case}  ` : "";
    const time = seconds(Date.parse(event.time) - this.#receivedAt).padStart(10);
    return [line, this.#seals.line(event)].flatMap((each) => (each === null ? [] : [`${time}  ${whose}${each}`]));
  }

  /** A proof that finds what the one before it found is told in short. */
  #proof(caseId: string, statement: string): string {
    const head = /^[^.]* as of \S+?Z/.exec(statement)?.[0];
    const before = this.#statements.get(caseId);
    const timeless = statement.replace(/ as of \S+?Z/, "");
    this.#statements.set(caseId, timeless);
    return printable(before === timeless && head !== undefined ? `${head}; the rest as before` : statement);
  }
}

/** A time from the receipt of the finding on, in seconds. */
export function seconds(ms: number): string {
  return `${ms < 0 ? "-" : "+"}${(Math.abs(ms) / 1000).toFixed(2)} s`;
}
