import { type LeasedLimiter, leasedLimiter, type Limiter } from "../aws/limiter.ts";
import type { Clock } from "../core/clock.ts";
import type { SliceStore } from "../core/store.ts";

/** The limits of AWS that this process shares with every other on the same store: two terminals, or a server beside them. */
export class SharedLimits {
  readonly #store: SliceStore;
  readonly #owner: string;
  readonly #limiters = new Map<string, LeasedLimiter>();

  constructor(options: { readonly store: SliceStore; readonly owner: string }) {
    this.#store = options.store;
    this.#owner = options.owner;
  }

  /** One for all connections of this process to the same place: AWS, or the address of a range. */
  on(clock: Clock, place: string): Limiter {
    const known = this.#limiters.get(place);
    if (known) return known;
    const limiter = leasedLimiter({ clock, place, store: this.#store, owner: this.#owner });
    this.#limiters.set(place, limiter);
    return limiter;
  }

  /** Gives back what others can use. Before the store is closed. */
  async close(): Promise<void> {
    await Promise.all([...this.#limiters.values()].map((limiter) => limiter.close()));
  }
}
