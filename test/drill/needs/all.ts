import { containmentNeeds } from "./contain.ts";
import type { Need } from "./need.ts";
import { preservationNeeds } from "./preserve.ts";
import { protectionNeeds } from "./protect.ts";

/** Every technique with the attacks that need it. */
export const needs: readonly Need[] = [...preservationNeeds, ...protectionNeeds, ...containmentNeeds];

/** Steps whose drill with and without them stands in a test of their own. */
export const stagedElsewhere: readonly string[] = [];
