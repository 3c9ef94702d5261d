import type { Change } from "../../core/change.ts";
import { brief, printable } from "./story.ts";

/** A change in one line: what, from what to what, and whom it hits besides; of a collection, what it saves. */
export function changeLine({ resource, attribute, before, after, blastRadius, collects }: Change): string {
  const subject = `${printable(resource)}${attribute === undefined ? "" : ` ${attribute}`}`;
  if (collects === true) return `    saves: ${subject}`; // On the target nothing changes: it has no before and after.
  const what = `    ${subject}: ${brief(before)} -> ${brief(after)}`;
  return blastRadius === undefined ? what : `${what}   also hits: ${printable(blastRadius.what)}`;
}
