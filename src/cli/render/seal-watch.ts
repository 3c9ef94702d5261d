import type { JournalEvent } from "../../core/journal.ts";
import { SEAL } from "../../core/seal.ts";
import { count } from "./story.ts";

interface Seals {
  readonly openedAt: number;
  planned: ReadonlySet<string>;
  readonly verified: Set<string>;
}

/** Says when every interface that a case seals was read back as sealed. Shown every event of a case, from its opening. */
export class SealWatch {
  readonly #cases = new Map<string, Seals>();

  /** `SEALED 2 of 2 interfaces after 0.2 s` on the event that completes it, else null. */
  line({ case: id, body, time }: JournalEvent): string | null {
    const at = Date.parse(time);
    const known = this.#cases.get(id) ?? { openedAt: at, planned: new Set<string>(), verified: new Set<string>() };
    this.#cases.set(id, known);
    if (body.type === "step.planned" && body.step === SEAL) {
      // A plan that is made again replaces what was not begun.
      known.planned = new Set([...known.verified, ...body.changes.map((change) => change.id)]);
      return null;
    }
    if (body.type !== "change.verified" || !body.change.startsWith(`${SEAL}/`) || known.verified.has(body.change))
      return null;
    known.verified.add(body.change);
    const all = new Set([...known.planned, ...known.verified]).size;
    if (known.verified.size < all) return null;
    return `SEALED ${all} of ${count(all, "interface")} after ${((at - known.openedAt) / 1000).toFixed(1)} s`;
  }
}

/** The lines of a case's events, with the line on the seal where it belongs. */
export function withSeal<Line>(
  events: readonly JournalEvent[],
  lineOf: (event: JournalEvent, text: string | null) => readonly Line[],
  storyOf: (event: JournalEvent) => string | null,
): readonly Line[] {
  const watch = new SealWatch();
  return events.flatMap((event) => {
    const lines = lineOf(event, storyOf(event));
    const sealed = watch.line(event);
    return sealed === null ? lines : [...lines, ...lineOf(event, sealed)];
  });
}
