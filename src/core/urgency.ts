/**
 * What goes first where AWS lets only so many calls through: from 0, the most urgent, on. `proof` are lookups into the event
 * history on which an answer depends.
 */
export const urgencies = ["seal", "containment", "protection", "proof", "evidence", "rest"] as const;

export type Urgency = (typeof urgencies)[number];

/** Whether a call of this urgency cuts an instance off. */
export function cutsOff(urgency: Urgency): boolean {
  return urgency === "seal" || urgency === "containment";
}
