import type { BlastRadius, Change } from "../../core/change.ts";
import { brief, printable } from "./story.ts";

/** A change in one line: what, from what to what, and whom it hits besides; of a collection, what it saves. */
export function changeLine({ resource, attribute, before, after, blastRadius, collects }: Change): string {
  const subject = `${printable(resource)}${attribute === undefined ? "" : ` ${attribute}`}`;
  if (collects === true) return `    saves: ${subject}`; // On the target nothing changes: it has no before and after.
  const what = `    ${subject}: ${brief(before)} -> ${brief(after)}`;
  return blastRadius === undefined ? what : `${what}   also hits: ${hitText({ ...blastRadius, resources: [] })}`;
}

/** So many of those who are hit are named; the machine-readable plan has all. */
const MOST_NAMED = 10;

/** Whom a change hits besides the target; where the set changes by itself, whom as of now. */
export function hitText({ what, resources, presently }: BlastRadius): string {
  const hit = resources.length === 0 ? "" : ` (${brief([...resources])})`;
  if (presently === undefined) return `${printable(what)}${hit}`;
  const more = presently.length > MOST_NAMED ? ` and ${presently.length - MOST_NAMED} more` : "";
  const named = presently.length === 0 ? "" : `: ${brief(presently.slice(0, MOST_NAMED))}${more}`;
  return `${printable(what)}${hit}; others that can be seen at the moment: ${presently.length}${named}`;
}
