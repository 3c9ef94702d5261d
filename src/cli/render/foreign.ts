import { printable } from "./story.ts";

/** Something that has one of Cordon's groups though no open case put it there. */
export interface ForeignUse {
  readonly resource: string;
  readonly instance: string | null;
  readonly groupId: string;
  readonly level: string;
}

/** One line for each, for people. */
export function foreignLines(uses: readonly ForeignUse[]): readonly string[] {
  return uses.map(({ resource, instance, groupId, level }) => {
    const of = instance === null ? "" : ` of ${instance}`;
    return `Foreign: ${resource}${of} has Cordon's group ${groupId} (${printable(level)}) and belongs to no open case.`;
  });
}
