import type { AnyStep } from "../core/step.ts";
import { securityGroups } from "./contain/security-groups.ts";

/** Every technique that Cordon knows. */
export const steps: readonly AnyStep[] = [securityGroups];
