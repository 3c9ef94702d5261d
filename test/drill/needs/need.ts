import type { SimulatedClock } from "../../../src/core/clock.ts";
import type { Settings } from "../../../src/core/settings.ts";
import type { Vault } from "../../../src/core/vault.ts";
import type { Range } from "../../../src/range/range.ts";
import type { Variant } from "../../../src/range/scenarios/scenario.ts";
import type { NetworkOptions } from "../../../src/range/world/network/options.ts";

/** What is looked at when a drill is over: how the account stands, and what is in the vault. */
export type Sight =
  /** Whether an attacker still gets through in the last five minutes. */
  | { readonly of: "attacker"; readonly name: string }
  | { readonly of: "verdict" }
  /** The state of the instance. */
  | { readonly of: "instance" }
  /** Whether the memory of the instance is what it was: kept, or lost. */
  | { readonly of: "memory" }
  /** How many of the volumes that the instance had are still there. */
  | { readonly of: "volumes" }
  /** How many snapshots that can be used an account has. */
  | { readonly of: "snapshots"; readonly account: "target" | "evidence" }
  /** How many images that can be started the account has. */
  | { readonly of: "images" }
  /** Whether evidence of a kind in the vault says something. */
  | { readonly of: "evidence"; readonly kind: string; readonly says: string }
  /** How many disks that came from the instance's lie in another machine, to be examined. */
  | { readonly of: "examinable disks" }
  /** How many instances run that somebody launched since. */
  | { readonly of: "launched" };

export type Seen = string | number | boolean;

/** What the stages of a small playbook do, each with its steps; a step may have an input. */
export type SmallPlaybook = readonly (readonly (string | { readonly use: string; readonly with: object })[])[];

/** A staged attack in which a technique is what makes the difference. */
export interface Need {
  readonly step: string;
  readonly scenario: string;
  readonly variants: readonly Variant[];
  /** The id of a shipped playbook, or the stages of a small one. */
  readonly playbook: string | SmallPlaybook;
  /** Stages that the approver agrees to. */
  readonly approve?: readonly string[];
  /** What is made in the account before anybody notices, and configured. */
  readonly prepare?: (range: Range) => void;
  readonly settings?: (range: Range) => Partial<Settings>;
  /** Where evidence goes; in memory when left out. */
  readonly vault?: (range: Range, clock: SimulatedClock) => Vault;
  readonly networkOptions?: Partial<NetworkOptions>;
  readonly sees: Sight;
  readonly with: Seen;
  readonly without: Seen;
  /** What the technique is for, in one sentence: a row of docs/drills.md. */
  readonly why: string;
}
