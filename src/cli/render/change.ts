import type { Change } from "../../core/change.ts";
import { brief, printable } from "./story.ts";

/** A change in one line: what, from what to what, and whom it hits besides. */
export function changeLine({ resource, attribute, before, after, blastRadius }: Change): string {
  const what = `    ${printable(resource)}${attribute === undefined ? "" : ` ${attribute}`}: ${brief(before)} -> ${brief(after)}`;
  return blastRadius === undefined ? what : `${what}   also hits: ${printable(blastRadius.what)}`;
}
