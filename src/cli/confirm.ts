import { createInterface } from "node:readline/promises";
import type { Desk } from "./desk.ts";
import { wrongUsage } from "./failure.ts";

/**
 * Asks a person to type what is about to be changed. Without a terminal it never waits.
 *
 * @throws CordonError `input_invalid` when nobody can be asked, or something else was typed
 */
export async function confirm(
  { command, environment, signal }: Desk,
  { words, isAgreed, flag }: { readonly words: readonly string[]; readonly isAgreed: boolean; readonly flag: string },
): Promise<void> {
  if (isAgreed) return;
  if (!environment.hasTerminal) {
    throw wrongUsage(command, {
      what: `${flag} without --yes`,
      reason: "nobody can be asked, for there is no terminal; nothing was changed",
    });
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    for (const word of words) {
      const typed = await lines.question(`Type ${word} to go on: `, { signal });
      if (typed.trim() !== word)
        throw wrongUsage(command, { what: "The confirmation", reason: `${word} was not typed; nothing was changed` });
    }
  } finally {
    lines.close();
  }
}
