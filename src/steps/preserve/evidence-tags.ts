import type { StepContext } from "../../core/step.ts";

/** What a case and a step mark their evidence with, and find it by after a crash: the nonce is nobody else's to guess. */
export function markOf({ nonce }: Pick<StepContext, "nonce">, step: string): Readonly<Record<string, string>> {
  return { "cordon:nonce": nonce, "cordon:step": step };
}

/** All tags of evidence that AWS keeps for us. */
export function evidenceTags(
  context: Pick<StepContext, "case" | "nonce" | "settings">,
  step: string,
): Readonly<Record<string, string>> {
  return {
    "cordon:managed": "true",
    "cordon:case": context.case.id,
    ...markOf(context, step),
    Purpose: context.settings.purpose,
  };
}
