import type { Json } from "./json.ts";

/** Whom else a change hits. Null in a change means: nobody but the target. */
export interface BlastRadius {
  /** One plain sentence. */
  readonly what: string;
  /** The resources that are hit besides the target. */
  readonly resources: readonly string[];
  /**
   * Those who are hit as of the plan, where the set changes by itself: shown to people, and no part of what they agree to.
   * Whoever launches one more instance with a role must not void the approval.
   */
  readonly presently?: readonly string[];
}

/** One planned modification of one resource, as a step returns it. */
export interface ChangeDraft<Before extends Json = Json, After extends Json = Json> {
  readonly resource: string;
  readonly attribute?: string;
  readonly before: Before;
  readonly after: After;
  readonly blastRadius?: BlastRadius;
  /** Set where several cases share the resource: the change is then a claim on it, for this member. */
  readonly claim?: { readonly member: string };
  /** What people approve instead of `after`, where `after` names an interchangeable thing (a prepared group of some VPC). */
  readonly approves?: Json;
  /** True where the resource belongs to the target itself (its interfaces, its volumes). Left out of approval hashes. */
  readonly ofTarget?: boolean;
  /** True for what a collection is to save: it goes its way through the journal as a change does, changes nothing, and is never reverted. */
  readonly collects?: boolean;
}

/** A change as the journal keeps it. */
export interface Change<Before extends Json = Json, After extends Json = Json> extends ChangeDraft<Before, After> {
  /** `step/resource[/attribute]`, stable across plans. */
  readonly id: string;
  readonly step: string;
}

export type ChangeState = "planned" | "started" | "applied" | "verified" | "failed" | "reverted" | "revertRefused";

/** What a step does not touch, and why. */
export interface Left {
  readonly resource: string;
  readonly reason: string;
}

/** The id of a change: stable across plans, so that a second plan finds the first one's work. */
export function changeId(step: string, draft: Pick<ChangeDraft, "resource" | "attribute">): string {
  return draft.attribute === undefined ? `${step}/${draft.resource}` : `${step}/${draft.resource}/${draft.attribute}`;
}

/** Whether two lists hold the same members, in any order. */
export function sameSet(left: readonly string[], right: readonly string[]): boolean {
  const members = new Set(left);
  return members.size === new Set(right).size && right.every((member) => members.has(member));
}
