import type { Call } from "./wire/operation.ts";

/** The connection broke and no answer came: what the transport reports as `ECONNRESET`. The effect may have happened. */
export class ConnectionLost extends Error {
  readonly code = "ECONNRESET";

  constructor() {
    super("socket hang up");
    this.name = "ConnectionLost";
  }
}

/**
 * What goes wrong with a call.
 *
 * - `throttle`: refused as too many requests, without effect.
 * - `error`: an internal error of AWS, without effect.
 * - `late`: the effect happens, the answer comes `lateMs` later.
 * - `lost-answer`: the effect happens, and the connection breaks.
 * - `access-denied`: refused as not permitted, without effect.
 * - `no-capacity`: AWS has no machine of the type in the zone at the moment, without effect.
 * - `crash-before`, `crash-after`: the calling process dies before or after the effect; the call never settles.
 */
export type FaultKind =
  "throttle" | "error" | "late" | "lost-answer" | "access-denied" | "no-capacity" | "crash-before" | "crash-after";

export interface FaultRule {
  readonly kind: FaultKind;
  /** Only calls of this service, of this operation. */
  readonly service?: string;
  readonly operation?: string;
  /** The first matching call that is hit, counted from 1 from the moment of injection; 1 when left out. */
  readonly nth?: number;
  /** How many matching calls in a row are hit; 1 when left out, `Infinity` for all that follow. */
  readonly times?: number;
  /** For `late`; 30 seconds when left out. */
  readonly lateMs?: number;
}

/** A fault that hits one call. */
export interface Fault {
  readonly kind: FaultKind;
  readonly lateMs: number;
}

/** Faults to come, by the calls they hit. Every rule counts its own matching calls; of two rules that hit, the older wins. */
export class Faults {
  readonly #onCrash: (call: Call) => void;
  #rules: { readonly rule: FaultRule; seen: number }[] = [];

  constructor(options: { readonly onCrash?: (call: Call) => void } = {}) {
    this.#onCrash = options.onCrash ?? (() => {});
  }

  inject(rule: FaultRule): void {
    this.#rules.push({ rule, seen: 0 });
  }

  clear(): void {
    this.#rules = [];
  }

  /** The fault that hits this call, which counts as seen. */
  next({ service, operation }: Pick<Call, "service" | "operation">): Fault | null {
    let hit: Fault | null = null;
    for (const entry of this.#rules) {
      const { rule } = entry;
      if ((rule.service ?? service) !== service || (rule.operation ?? operation) !== operation) continue;
      entry.seen++;
      const first = rule.nth ?? 1;
      if (hit === null && entry.seen >= first && entry.seen < first + (rule.times ?? 1))
        hit = { kind: rule.kind, lateMs: rule.lateMs ?? 30_000 };
    }
    return hit;
  }

  /** Reports the crash, and returns what a dead process waits for. */
  crash(call: Call): Promise<never> {
    this.#onCrash(call);
    return new Promise<never>(() => {});
  }
}
