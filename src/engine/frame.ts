import type { CaseState } from "../core/case.ts";
import type { AnyStep, StepContext } from "../core/step.ts";
import type { Act } from "./acts.ts";
import type { ObservedCall, Ports } from "./ports.ts";
import type { HeldLease } from "./held-lease.ts";
import type { Lock, Reconciler } from "./reconciler.ts";

/** An act that does something. */
export type Doing = Exclude<Act, { readonly verb: "note" }>;

/** An act, and the case that it is done in. */
export interface Frame {
  readonly ports: Ports;
  readonly reconciler: Reconciler;
  readonly state: CaseState;
  readonly act: Doing;
  readonly signal: AbortSignal;
  /** The lease under which the act is carried out. Without one nothing that others wrote is at stake. */
  readonly lease?: HeldLease;
}

/** What a verb of a step works with. */
export interface Bench {
  readonly step: AnyStep;
  readonly context: StepContext;
  readonly calls: readonly ObservedCall[];
  /** The lock of the shared resource that is being written; see Reconciler. */
  readonly lock: Lock;
}
