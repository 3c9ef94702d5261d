import type { ServedCall } from "../range/front.ts";

/** A verb as permissions name it. */
export type PermissionVerb = "plan" | "run" | "verify" | "revert" | "reconcile" | "assess";

/** The IAM actions that the range checked, by the verb that caused them, over all rehearsals of one step. */
export class NeededActions {
  readonly #actions = new Map<PermissionVerb, Set<string>>();

  add(verb: PermissionVerb, calls: readonly ServedCall[]): void {
    const known = this.#actions.get(verb) ?? new Set();
    for (const { actions } of calls) for (const { action } of actions) known.add(action);
    this.#actions.set(verb, known);
  }

  of(verb: PermissionVerb): readonly string[] {
    return [...(this.#actions.get(verb) ?? [])].sort();
  }
}
