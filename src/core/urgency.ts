/** What goes first where AWS lets only so many calls through: from 0, the most urgent, on. */
export const urgencies = ["seal", "containment", "protection", "evidence", "rest"] as const;

export type Urgency = (typeof urgencies)[number];
