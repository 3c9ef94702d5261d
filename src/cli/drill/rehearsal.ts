import type { SimulatedClock } from "../../core/clock.ts";
import type { JournalEvent } from "../../core/journal.ts";
import type { Playbook } from "../../core/playbook.ts";
import type { Settings } from "../../core/settings.ts";
import type { Store } from "../../core/store.ts";
import type { Vault } from "../../core/vault.ts";
import type { ObservedCall } from "../../engine/ports.ts";
import type { Registry } from "../../engine/registry.ts";
import type { Range, RangeOptions } from "../../range/range.ts";
import type { Variant } from "../../range/scenarios/scenario.ts";
import type { LocalRunner } from "../../runners/local.ts";

export interface DrillOptions {
  readonly scenario: string;
  readonly seed: number;
  readonly playbooks: readonly Playbook[];
  /** The playbook that answers whatever the finding is; the one that answers its type when left out. */
  readonly playbook?: string;
  /** What is configured beside what every rehearsal has. */
  settings?(range: Range): Partial<Settings>;
  /** The techniques that there are; every one that ships when left out. */
  readonly registry?: Registry;
  readonly variants?: readonly Variant[];
  /** Stages that the rehearsed approver approves when he is asked. */
  readonly approve?: readonly string[];
  readonly release?: boolean;
  /** Simulated milliseconds per real one; without it, time jumps. */
  readonly speed?: number;
  readonly range?: Partial<RangeOptions>;
  /** Called with the range before anything is received: to plant faults. */
  prepare?(range: Range, clock: SimulatedClock): void;
  onEvent?(event: JournalEvent): void;
  /** Called once a simulated second, for a live picture. */
  onSecond?(range: Range, sinceReceiptMs: number): void;
  /** Where journals go; in memory when left out. */
  readonly store?: Store;
  /** Where evidence goes; in memory when left out. */
  vault?(range: Range, clock: SimulatedClock): Vault;
}

/** One drill under way. */
export interface Rehearsal {
  readonly options: DrillOptions;
  readonly clock: SimulatedClock;
  readonly range: Range;
  readonly store: Store;
  readonly runner: LocalRunner;
  readonly calls: (ObservedCall & { readonly case: string; readonly act: string })[];
}
