import { brief, printable } from "./render/story.ts";
import type { Json } from "../core/json.ts";

export type Format = "table" | "json" | "jsonl" | "yaml";

/** What every command may be told about what it prints. */
export interface OutputFlags {
  readonly output: Format;
  readonly quiet: boolean;
}

/** Data goes to stdout in the format that was asked for; everything said beside it goes to stderr. */
export class Output {
  readonly format: Format;
  readonly #isQuiet: boolean;

  constructor({ output, quiet }: OutputFlags) {
    this.format = output;
    this.#isQuiet = quiet;
  }

  /** Says something to a person. */
  narrate(line: string): void {
    if (!this.#isQuiet) process.stderr.write(`${line}\n`);
  }

  /** Says what failed, also to those who want to hear nothing else. */
  complain(line: string): void {
    process.stderr.write(`${line}\n`);
  }

  /** Prints the result: a document for programs, or lines for people. */
  async result(document: unknown, lines: () => readonly string[]): Promise<void> {
    switch (this.format) {
      case "table":
        return write(`${lines().join("\n")}\n`);
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
