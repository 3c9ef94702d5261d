import { brief, printable } from "./render/story.ts";
import type { Json } from "../core/json.ts";

export type Format = "table" | "json" | "jsonl" | "yaml";

/** What every command may be told about what it prints. */
export interface OutputFlags {
  readonly output: Format;
  readonly quiet: boolean;
}

/** Where narration goes. */
export interface Narration {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Data goes to stdout in the format that was asked for; everything said beside it goes to stderr. */
export class Output {
  readonly format: Format;
  readonly #isQuiet: boolean;
  readonly #narration: Narration;
  #shown = 0;
  #status: readonly string[] = [];

  constructor({ output, quiet }: OutputFlags, narration: Narration = process.stderr) {
    this.format = output;
    this.#isQuiet = quiet;
    this.#narration = narration;
  }

  /** The width of the terminal on which a list may be kept up to date; null where lines must follow each other. */
  get liveColumns(): number | null {
    const { isTTY, columns } = this.#narration;
    return isTTY === true && !this.#isQuiet && this.format === "table" ? (columns ?? 80) : null;
  }

  /** Says something to a person. */
  narrate(line: string): void {
    if (!this.#isQuiet) this.#say(line);
  }

  /** Says what failed, also to those who want to hear nothing else. */
  complain(line: string): void {
    this.#say(line);
  }

  /** Shows these lines below everything that is said, in place of those that were shown before. Only where it is live. */
  keep(lines: readonly string[]): void {
    if (this.liveColumns === null) return;
    this.#clear();
    this.#status = lines;
    this.#draw();
  }

  #say(line: string): void {
    this.#clear();
    this.#narration.write(`${line}\n`);
    this.#draw();
  }

  /** Up to the first line of what was kept, and everything below it away. */
  #clear(): void {
    if (this.#shown > 0) this.#narration.write(`\u001b[${this.#shown}A\u001b[J`);
    this.#shown = 0;
  }

  #draw(): void {
    if (this.#status.length === 0) return;
    this.#narration.write(this.#status.map((line) => `${line}\n`).join(""));
    this.#shown = this.#status.length;
  }

  /** Prints the result: a document for programs, or lines for people. */
  async result(document: unknown, lines: () => readonly string[]): Promise<void> {
    this.#status = []; // What was kept stays where it is: the result follows it.
    this.#shown = 0;
    switch (this.format) {
      case "table":
        return write(
          lines()
            .map((line) => `${line}\n`)
            .join(""),
        );
      case "json":
        return write(`${JSON.stringify(document, null, 2)}\n`);
      case "jsonl":
        return write(
          [document]
            .flat()
            .map((each) => `${JSON.stringify(each)}\n`)
            .join(""),
        );
      case "yaml":
        return write((await import("yaml")).stringify(document));
      default:
        return this.format satisfies never;
    }
  }

  /** One JSON line of a stream; only where JSON lines were asked for. */
  line(document: unknown): void {
    if (this.format === "jsonl") process.stdout.write(`${JSON.stringify(document)}\n`);
  }
}

function write(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}

/** Rows under headings, each column as wide as its widest cell. */
export function tableLines(headings: readonly string[], rows: readonly (readonly Json[])[]): readonly string[] {
  const cells = [headings, ...rows.map((row) => row.map((cell) => (cell === null ? "-" : printable(brief(cell)))))];
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
