/** What the reader of CloudTrail's history knows of one interface's rules, as reachability takes it. */
import type { GroupRule } from "./group-rule.ts";

/**
 * What is known of the rules that one interface had during the whole time: from its start (launch, or creation of a secondary
 * interface) to now.
 */
export interface RuleHistory {
  /** Milliseconds since 1970. */
  readonly from: number;
  /** The horizon: up to when the history is known. */
  readonly until: number;
  /** Every rule of every group that the interface had at any moment; null if not known. A superset. */
  readonly ever: readonly GroupRule[] | null;
  /** Rules that some group of the interface had during the whole time without a gap. A subset. */
  readonly always: readonly GroupRule[];
  /** Why it is not known, as clauses; empty if it is known. */
  readonly gaps: readonly string[];
  /** When it will be complete, in milliseconds since 1970 (CloudTrail takes 15 min); null if it is, or never will be. */
  readonly dueAt: number | null;
  /** SHA-256 hashes of the pages that it rests on. */
  readonly pages: readonly string[];
}
