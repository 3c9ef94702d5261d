import type { Clock } from "../core/clock.ts";
import type { SliceStore } from "../core/store.ts";
import type { Rate } from "./rate-limits.ts";

/** A slice is this long, and is renewed before its end: what a killed process held is free again no sooner. */
const SLICE_MS = 3000;
const RENEW_MS = 1000;
/** How often more is asked for while calls wait; the first time sooner, as a newcomer gets little at once. */
const ASK_MS = 500;
const ASK_FIRST_MS = 100;
/** Tokens that are held ready beyond what waits, so that not every call costs a write. */
const SPARE = 5;
/**
 * Urgent calls that go without a slice until the first one is granted, and again whenever the store has not answered for two
 * seconds. They are taken off what is granted next.
 */
export const ALLOWANCE = 5;
const UNANSWERED_MS = 2000;
/** A store that does not answer keeps nobody from ending. */
const LAST_ANSWER_MS = 1000;

const isAwaited = new Error("more is wanted");
const isOver = new Error("the limiter is closed");

export interface SlicesOptions {
  readonly store: SliceStore;
  readonly clock: Clock;
  /** Names the limit: the same in every process. */
  readonly key: string;
  /** Names this process; another life of it must have another name. */
  readonly owner: string;
  readonly rate: Rate;
}

/** What a slice is for. */
export interface Demand {
  /** The part of the burst that is used at all. */
  readonly most: number;
  /** How many calls wait at this moment. */
  readonly waiting: () => number;
}

/**
 * This process's part of a limit that several processes share.
 *
 * Asks for a slice when calls come, renews it while they do, and gives back what is left when none came for a second. Nobody
 * waits for the store's answer who cuts an instance off: a few such calls go at once, and are settled with the next slice.
 */
export class Slices {
  readonly #options: SlicesOptions & Demand;
  readonly #closed = new AbortController();
  #tokens = 0;
  #until = 0;
  /** Tokens that were used, and calls that went, ever. */
  #used = 0;
  #went = 0;
  #owed = 0;
  #free = ALLOWANCE;
  #freeSince = 0;
  #answeredAt = 0;
  /** How many answers came since the last time that everything was given back. */
  #answers = 0;
  #life: Promise<void> | null = null;
  #look: () => void = () => {};
  /** Ends a pause in which nobody waited for tokens. */
  #wake: AbortController | null = null;

  constructor(options: SlicesOptions, demand: Demand) {
    this.#options = { ...options, ...demand };
  }

  /** Takes a token, or for an urgent call a part of the allowance. False where neither is there. */
  take(isUrgent: boolean): boolean {
    if (this.#closed.signal.aborted) return true; // What is sent at the very end waits for nobody.
    const now = this.#options.clock.now();
    if (this.#left(now) >= 1) {
      this.#tokens -= 1;
      this.#used += 1;
    } else if (isUrgent && this.#mayGoUnanswered(now)) {
      this.#free -= 1;
      this.#owed += 1;
    } else return false;
    this.#went += 1;
    this.#begin();
    return true;
  }

  /** Resolves when it is worth trying again: tokens came, another call did, or the store has not answered for too long. */
  async more(): Promise<void> {
    this.#begin();
    const looks = new AbortController();
    this.#look = () => looks.abort(isAwaited);
    await this.#options.clock.sleep(UNANSWERED_MS, looks.signal).catch(() => {});
  }

  /** Another call came, maybe an urgent one: whoever waits in `more` looks again. */
  nudge(): void {
    this.#look();
  }

  /** Gives back what is left. From then on nothing is asked for, and nobody waits. */
  async close(): Promise<void> {
    this.#closed.abort(isOver);
    this.#look();
    const late = new AbortController();
    const tooLate = this.#options.clock.sleep(LAST_ANSWER_MS, late.signal).catch(() => {});
    await Promise.race([this.#life, tooLate]);
    late.abort(isOver);
  }

  #left(now: number): number {
    if (now >= this.#until) this.#tokens = 0;
    return this.#tokens;
  }

  #mayGoUnanswered(now: number): boolean {
    if (this.#answers > 0 && now - this.#answeredAt < UNANSWERED_MS) return false;
    if (this.#owed > 0 && now - this.#freeSince >= UNANSWERED_MS) this.#allow(now);
    return this.#free > 0;
  }

  #allow(now: number): void {
    this.#free = ALLOWANCE;
    this.#freeSince = now;
  }

  #begin(): void {
    if (this.#life !== null) {
      if (this.#tokens < 1) this.#wake?.abort(isAwaited);
      return;
    }
    if (this.#closed.signal.aborted) return;
    this.#freeSince = this.#options.clock.now();
    this.#life = this.#live();
  }

  /** From the first call until none came for a while. */
  async #live(): Promise<void> {
    const { waiting, clock } = this.#options;
    await clock.sleep(0); // All that is wanted at this instant is asked for together.
    let went = -1;
    do {
      went = this.#went;
      await this.#renew();
      this.#look();
      await this.#pause();
    } while (!this.#closed.signal.aborted && (waiting() > 0 || this.#went !== went));
    await this.#giveBack();
    this.#life = null;
    if (waiting() > 0) this.#begin();
  }

  async #renew(): Promise<void> {
    const { waiting } = this.#options;
    await this.#ask(Math.max(0, waiting() + SPARE - this.#left(this.#options.clock.now())));
  }

  async #giveBack(): Promise<void> {
    await this.#ask(null);
    this.#answers = 0;
  }

  async #ask(want: number | null): Promise<void> {
    const { store, clock, key, owner, rate, most, waiting } = this.#options;
    const now = clock.now();
    const [left, used, owed, until] = [this.#left(now), this.#used, this.#owed, now + SLICE_MS];
    const weight = waiting() > 0 ? 1 : 0;
    const request = { key, owner, most, perSecond: rate.perSecond, left, owed, want, weight, now, until };
    if (want === null) this.#tokens = 0; // What is being given back is nobody's to use.
    try {
      const { tokens } = await store.leaseSlice(request);
      this.#tokens = Math.max(0, tokens - (this.#used - used));
      this.#until = until;
      this.#owed -= owed;
      this.#answers += 1;
      this.#answeredAt = clock.now();
      this.#allow(this.#answeredAt);
    } catch {
      // The store is busy or gone: the slice ends in its time, urgent calls go on with the allowance, and it is asked again.
    }
  }

  /** Until it is time to ask again; at once when the last token of a slice that had covered everything is used. */
  async #pause(): Promise<void> {
    const { clock, waiting } = this.#options;
    const isStarved = waiting() > this.#left(clock.now());
    const wake = isStarved ? null : new AbortController();
    this.#wake = wake;
    const ms = isStarved ? (this.#answers <= 1 ? ASK_FIRST_MS : ASK_MS) : RENEW_MS;
    const signals = wake === null ? [this.#closed.signal] : [this.#closed.signal, wake.signal];
    await clock.sleep(ms, AbortSignal.any(signals)).catch(() => {}); // Woken or closed: what comes next looks.
    this.#wake = null;
  }
}
