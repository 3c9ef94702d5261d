import { containmentNeeds } from "./contain.ts";
import type { Need } from "./need.ts";
import { preservationNeeds } from "./preserve.ts";
import { protectionNeeds } from "./protect.ts";

/** Every technique with the attacks that need it. */
export const needs: readonly Need[] = [...preservationNeeds, ...protectionNeeds, ...containmentNeeds];

/** Steps that have just arrived, and whose attack is still to be staged. */
export const arriving: readonly string[] = [
  "contain.role-wide-sessions",
  "preserve.disk-image",
  "investigate.evidence-volumes",
  "assess.flow-logs",
  "investigate.forensic-workstation",
  "preserve.memory-capture",
];
