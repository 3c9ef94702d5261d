import type { CaseState } from "../core/case.ts";
import type { JournalEvent } from "../core/journal.ts";
import type { Ports } from "../engine/ports.ts";

/** What a runner of this process works with, and how it works on a case. */
export interface LocalRunnerOptions extends Ports {
  /** Names this process; another life of it must have another name. */
  readonly owner: string;
  /** Whether an owner of a lease is known to be dead, so that nobody needs to wait for its lease to end. */
  isDead?(owner: string): boolean;
  /** Plans every step and carries nothing out. */
  readonly plansOnly?: boolean;
  onEvent?(event: JournalEvent): void;
  /** Told when a change was applied, before anything follows from it. */
  onApplied?(state: CaseState, changeId: string): Promise<void>;
}

export interface WorkOptions {
  readonly signal: AbortSignal;
  /** Goes on waiting while people decide. Without it, it returns when nothing but people can move the case. */
  readonly waitForPeople?: boolean;
  /** Goes on proving a settled case until this time (milliseconds since 1970). */
  readonly until?: number;
  /** Looks for what other processes wrote at least this often while it waits. */
  readonly pollMs?: number;
}
