import type { Settings } from "../core/settings.ts";
import type { AnyStep } from "../core/step.ts";
import type { Range } from "../range/range.ts";
import type { Variant } from "../range/scenarios/scenario.ts";

/** Where a step is tried out, and with what. */
export interface Staging {
  /** A scenario of the range: `cordon range ls`. */
  readonly scenario: string;
  readonly variants?: readonly Variant[];
  /** As a playbook's `with`. */
  readonly input?: unknown;
  /** Steps that the same case carries out first: those whose outcomes this one reads. */
  readonly before?: readonly AnyStep[];
  /** An account that evidence is copied to: the case gets clients of a role in it. */
  readonly evidenceAccount?: string;
  /** Evidence lies in a bucket of that account, in the target's Region, and not in this process's memory. */
  readonly keepsInBucket?: boolean;
  /** What an operator has set, where the step depends on it. */
  settings?(range: Range): Partial<Settings>;
  /** How long an assessment must wait until all that it looks at is there; two minutes when left out. */
  readonly settledMs?: number;
  /** Adds to the account what the scenario lacks. */
  prepare?(range: Range): void;
}

export interface ContractOptions extends Staging {
  /**
   * Differences that may stay after a revert, each matched against a line such as `instance i-0ab... profile: "a" -> "b"`.
   * Only for steps that are not reversible exactly; whatever else differs breaks the contract.
   */
  readonly leaves?: readonly RegExp[];
  /**
   * All that the run changes in the account, a pattern for each line of the same kind: what no check of the step's own would miss.
   * Left out, only the step's own plan and verify say whether it did everything.
   */
  readonly brings?: readonly RegExp[];
  /** Where two cases share the resource; the same with the variant `neighbour` when left out. */
  readonly shared?: Staging;
  /** Further stagings: each must keep the contract without faults, and what AWS checks in them counts as needed. */
  readonly also?: readonly Staging[];
}

/** All stagings, the main one first. */
export function stagingsOf(options: ContractOptions): readonly Staging[] {
  return [options, ...(options.also ?? [])];
}
