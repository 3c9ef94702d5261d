/**
 * The ledger of a proof: every way by which an intruder may still act, and the ground that closes it.
 *
 * A way is closed only by a ground: a fact that AWS documents and that was read back, with the time it holds for and what
 * voids it. A way without a ground is a survivor (`core/containment.ts`). Each way is in the ledger once.
 */

/** What a way consists of, for programs: two ways of one kind never overlap within a ledger. */
export type WayScope =
  | {
      readonly kind: "flow";
      readonly interface: string;
      readonly protocol: "tcp" | "udp" | "icmp" | "other";
      /** CIDR blocks of the peers. */
      readonly peers: readonly string[];
    }
  | {
      readonly kind: "credential";
      /** The ARN of a role, or the id of an access key. */
      readonly principal: string;
      /** `instance`: sessions that the instance's role credentials gave; `minted`: those that can be obtained with them. */
      readonly sessions: "instance" | "minted";
    }
  | { readonly kind: "shell"; readonly id: string }
  | { readonly kind: "service"; readonly name: "resolver" | "metadata" | "time" };

/**
 * Why a way is closed.
 *
 * - `acl-denies`: the network ACL denies the peers in both directions, read after the write.
 * - `stopped`: the instance is stopped, not hibernated, read after the cut.
 * - `untracked`: AWS tracked none of its flows during the whole time, so the change of groups ended them.
 * - `never-allowed`: no rule of any group that the interface had during the whole time allowed it.
 * - `silence`: complete flow logs show no accepted packet for longer than the longest idle timer the flow can have.
 * - `no-path`: no gateway, route or subnet leads there or from there.
 * - `denied`: the deny is the document that was written, compared whole and read twice.
 * - `ended`: the session or command ended, and AWS shows it as ended.
 */
export type Ground =
  "acl-denies" | "stopped" | "untracked" | "never-allowed" | "silence" | "no-path" | "denied" | "ended";

export interface ClosedWay {
  /** Names the way in every proof of the case. */
  readonly way: string;
  readonly scope: WayScope;
  readonly what: string;
  readonly ground: Ground;
  /** The time that the ground holds for, in milliseconds since 1970. `from` is null if it needs no beginning. */
  readonly from: number | null;
  readonly until: number;
  /** What makes the ground void, as a clause. */
  readonly voidWhen: string;
  /** SHA-256 hashes of the pages that it rests on. */
  readonly pages: readonly string[];
}

/** How far a delayed source was read. */
export interface Horizon {
  /** For example `CloudTrail eu-central-1 of 111122223333`. */
  readonly source: string;
  /** Up to when it is known, in milliseconds since 1970; null if it could not be read. */
  readonly until: number | null;
  /** When it is complete for the present proof; null if it is complete, or never will be. */
  readonly dueAt: number | null;
  /** What is missing for good, as a clause; null if nothing is. */
  readonly gap: string | null;
}

export interface Ledger {
  readonly closed: readonly ClosedWay[];
  readonly horizons: readonly Horizon[];
}

export const EMPTY_LEDGER: Ledger = { closed: [], horizons: [] };
