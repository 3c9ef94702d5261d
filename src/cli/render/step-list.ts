import { styleText } from "node:util";
import type { JournalEvent } from "../../core/journal.ts";
import { printable } from "./story.ts";

type Word =
  "planned" | "running" | "OPEN" | "checking" | "done" | "nothing to do" | "FAILED" | "REFUSED" | "UNDONE" | "undone";

type Style = Parameters<typeof styleText>[0];

/** Beside each word, never instead of it: a colour says nothing to those who do not see it. */
const styles: Readonly<Record<Word, Style>> = {
  planned: "dim",
  running: "cyan",
  OPEN: "yellow",
  checking: "cyan",
  done: "green",
  "nothing to do": "dim",
  FAILED: "red",
  REFUSED: "yellow",
  UNDONE: "red",
  undone: "green",
};

interface StepRow {
  readonly case: string;
  readonly stage: string;
  readonly step: string;
  word: Word;
  note: string;
  /** Words of the changes, by their ids. */
  readonly changes: Map<string, Word>;
}

/** What the steps of the cases at work are doing now, one line each, from the events as they happen. */
export class StepList {
  readonly #rows = new Map<string, StepRow>();
  readonly #stepOf = new Map<string, string>();

  apply({ case: id, body }: JournalEvent): void {
    switch (body.type) {
      case "step.planned": {
        const row = this.#row(id, body.stage, body.step);
        for (const change of body.changes) {
          row.changes.set(change.id, "planned");
          this.#stepOf.set(`${id} ${change.id}`, `${id} ${body.stage}/${body.step}`);
        }
        Object.assign(row, { note: "", word: row.changes.size === 0 ? "nothing to do" : worst(row) });
        return;
      }
      case "step.failed":
        Object.assign(this.#row(id, body.stage, body.step), {
          word: body.refused ? "REFUSED" : "FAILED",
          note: body.message,
        });
        return;
      case "assessment.made":
        if (body.stage !== null)
          Object.assign(this.#row(id, body.stage, body.step), { word: "done", note: body.statement });
        return;
      case "act.started":
        return this.#change(id, body.change, "running");
      case "change.progressed":
        return this.#change(id, body.change, "OPEN", `goes on at ${body.due.slice(11, 19)}Z`);
      case "change.applied":
        return this.#change(id, body.change, "checking");
      case "change.verified":
        return this.#change(id, body.change, "done");
      case "change.broken":
        return this.#change(id, body.change, "UNDONE", `${body.what}: it is put back`);
      case "change.failed":
        return this.#change(id, body.change, "FAILED", body.message);
      case "change.reverted":
      case "change.accepted":
        return this.#change(id, body.change, "undone");
      case "change.revertRefused":
        return this.#change(id, body.change, "REFUSED", body.message);
      default:
        return;
    }
  }

  /** Whether the list says what the event says, so that no line of its own is needed. */
  shows({ body }: JournalEvent): boolean {
    return body.type.startsWith("change.") || body.type === "step.planned" || body.type === "stage.started";
  }

  /** The list for a terminal of this width: no line wraps, or redrawing it would leave some behind. */
  lines({ columns, isColoured }: { readonly columns: number; readonly isColoured: boolean }): readonly string[] {
    const rows = [...this.#rows.values()];
    const cases = new Set(rows.map((row) => row.case));
    return rows.map((row) => {
      const done = [...row.changes.values()].filter((word) => word === "done" || word === "undone").length;
      const count = row.changes.size > 1 ? ` ${done}/${row.changes.size}` : "";
      const who = cases.size > 1 ? `${row.case}  ` : "";
      const word = row.word.padEnd(13);
      const rest = `  ${who}${row.step}${count}${row.note === "" ? "" : `  ${printable(row.note)}`}`;
      const shown = rest.slice(0, Math.max(0, columns - word.length - 1));
      return `${isColoured ? styleText(styles[row.word], word, { validateStream: false }) : word}${shown}`;
    });
  }

  #change(id: string, change: string, word: Word, note = ""): void {
    const row = this.#rows.get(this.#stepOf.get(`${id} ${change}`) ?? "");
    if (!row) return;
    row.changes.set(change, word);
    Object.assign(row, { word: worst(row), note });
  }

  #row(id: string, stage: string, step: string): StepRow {
    const key = `${id} ${stage}/${step}`;
    const known = this.#rows.get(key);
    if (known) return known;
    const row: StepRow = { case: id, stage, step, word: "planned", note: "", changes: new Map() };
    this.#rows.set(key, row);
    return row;
  }
}

/** The word of a step is that of the change which needs the most attention. */
function worst({ changes }: StepRow): Word {
  const order: readonly Word[] = [
    "OPEN",
    "FAILED",
    "UNDONE",
    "REFUSED",
    "running",
    "checking",
    "planned",
    "undone",
    "done",
  ];
  const words = new Set(changes.values());
  return order.find((word) => words.has(word)) ?? "nothing to do";
}
