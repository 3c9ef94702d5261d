import type { ServedCall } from "../range/front.ts";

/** The account of the instance, or the one that evidence is copied to: a step declares its permissions for each. */
export const PERMISSION_ACCOUNTS = ["target", "evidence"] as const;

export type PermissionAccount = (typeof PERMISSION_ACCOUNTS)[number];

/** A verb as permissions name it. */
export type PermissionVerb = "plan" | "run" | "verify" | "revert" | "reconcile" | "assess";

/** The IAM actions that the range checked, by the account and the verb that caused them, over all rehearsals of one step. */
export class NeededActions {
  readonly #actions = new Map<`${PermissionAccount} ${PermissionVerb}`, Set<string>>();

  add(account: PermissionAccount, verb: PermissionVerb, calls: readonly ServedCall[]): void {
    const known = this.#actions.get(`${account} ${verb}`) ?? new Set();
    for (const { actions } of calls) for (const { action } of actions) known.add(action);
    this.#actions.set(`${account} ${verb}`, known);
  }

  of(account: PermissionAccount, verb: PermissionVerb): readonly string[] {
    return [...(this.#actions.get(`${account} ${verb}`) ?? [])].sort();
  }
}
