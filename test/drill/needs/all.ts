import { assessmentNeeds } from "./assess.ts";
import { containmentNeeds } from "./contain.ts";
import { investigationNeeds } from "./investigate.ts";
import type { Need } from "./need.ts";
import { preservationNeeds } from "./preserve.ts";
import { protectionNeeds } from "./protect.ts";

/** Every technique with the attacks that need it. */
export const needs: readonly Need[] = [
  ...preservationNeeds,
  ...protectionNeeds,
  ...containmentNeeds,
  ...investigationNeeds,
  ...assessmentNeeds,
];
