import type { Clock } from "../core/clock.ts";
import { CordonError } from "../core/errors.ts";
import type { Fence, Store } from "../core/store.ts";

/** Another process takes over when the owner of a lease has not renewed it for this long. */
export const LEASE_MS = 30_000;
/** How often a lease is renewed while nothing is called. */
export const RENEW_MS = 10_000;
/** A lease that was renewed within this time is not renewed again before a call. */
const FRESH_MS = 5_000;
/** If the two clocks moved apart by more, the machine slept or its clock was set: then neither says how long it was. */
const GAP_MS = 2_000;
const MOST_RENEWALS = 3;

export interface LeaseOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly owner: string;
  readonly name: string;
}

interface Times {
  readonly wall: number;
  readonly monotonic: number;
}

/** A lease that this process took, and what it knows about still having it. */
export class HeldLease {
  readonly fence: Fence;
  readonly #options: LeaseOptions;
  #renewedAt: Times;
  #renewing: Promise<void> | null = null;
  #isLost = false;

  constructor(options: LeaseOptions, token: number, renewedAt: Times) {
    this.#options = options;
    this.fence = { lease: options.name, token };
    this.#renewedAt = renewedAt;
  }

  /** Whether a renewal found that another process has it, or had it meanwhile. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /**
   * Resolves if the lease is ours now: before each call that changes something. Renews it by a conditional write, unless both
   * clocks agree that it was renewed a moment ago.
   *
   * @throws CordonError `overtaken`
   */
  async demand(): Promise<void> {
    for (let renewals = 0; !this.#isFresh(); renewals++) {
      if (renewals === MOST_RENEWALS) throw this.#overtaken();
      await this.renew();
    }
    if (this.#isLost) throw this.#overtaken();
  }

  /** Renews it. Those who ask at the same time share one write. */
  renew(): Promise<void> {
    this.#renewing ??= this.#renew().finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  /** Gives it back, so that nobody waits for its end. */
  async giveBack(): Promise<void> {
    const { store, name, owner } = this.#options;
    if (!this.#isLost) await store.unlease(name, owner);
  }

  async #renew(): Promise<void> {
    const { store, clock, name, owner } = this.#options;
    if (this.#isLost) throw this.#overtaken();
    const asked = timesOf(clock);
    const lease = await store.lease(name, owner, asked.wall + LEASE_MS, asked.wall);
    if (lease.kind === "ours" && lease.token === this.fence.token) {
      this.#renewedAt = asked;
      return;
    }
    this.#isLost = true;
    if (lease.kind === "ours") await store.unlease(name, owner); // It came back with another token: somebody had it meanwhile.
    throw this.#overtaken();
  }

  #isFresh(): boolean {
    const now = timesOf(this.#options.clock);
    const wall = now.wall - this.#renewedAt.wall;
    const monotonic = now.monotonic - this.#renewedAt.monotonic;
    return wall < FRESH_MS && monotonic < FRESH_MS && Math.abs(wall - monotonic) <= GAP_MS;
  }

  #overtaken(): CordonError {
    return new CordonError("overtaken", { what: this.#options.name });
  }
}

/** Takes a lease if nobody else has it; else says who has it until when. */
export async function takeLease(
  options: LeaseOptions,
): Promise<HeldLease | { readonly owner: string; readonly until: number }> {
  const { store, clock, name, owner } = options;
  const asked = timesOf(clock);
  const lease = await store.lease(name, owner, asked.wall + LEASE_MS, asked.wall);
  return lease.kind === "ours" ? new HeldLease(options, lease.token, asked) : lease;
}

export function isOvertaken(error: unknown): boolean {
  return error instanceof CordonError && error.code === "overtaken";
}

function timesOf(clock: Clock): Times {
  return { wall: clock.now(), monotonic: clock.monotonic() };
}
