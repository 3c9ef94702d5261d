import type { Clock } from "../core/clock.ts";
import { urgencies, type Urgency } from "../core/urgency.ts";
import type { Rate } from "./rate-limits.ts";
import { Slices, type SlicesOptions } from "./slices.ts";

/** Where a call stands among all that want to be sent: a call that AWS refused comes back with it, and loses no place. */
export interface Place {
  readonly order: number;
  /** When it was last let through, in milliseconds since 1970, and as the how manieth. */
  readonly sentAt: number;
  readonly grant: number;
}

interface Waiter {
  readonly order: number;
  readonly go: (place: Place) => void;
}

/**
 * This part of a bucket is left alone. Calls that we space exactly as AWS's tokens come in arrive a little early or late, and
 * one that comes before its token is refused.
 */
const RESERVE = 0.02;

/**
 * More seals are expected when some have come lately, and this much for each is left for them: what a case does while it plans,
 * and after its own seal, must not use up the burst before the other cases have come to theirs.
 */
const KEPT_FOR_SEALS = { times: 4, share: 0.9, forMs: 10_000 } as const;

/** Nobody is slowed down below this part of AWS's rate: a foreign caller may stop at any time. */
const LEAST_SHARE = 1 / 16;

/** A rate that was cut is whole again after this long; after longer, the more often the cut turns out to be right. */
const RECOVERS_WITHIN_MS = { first: 60_000, most: 240_000 } as const;

/** Two measurements of what is left for us that differ by no more than this are of the same rate. */
const SAME_RATE = 0.15;

/** Fewer calls between two refusals measure nothing. */
const LEAST_MEASURED = 5;

/**
 * AWS's bucket of one API, as we believe it to be.
 *
 * A refusal says that it is empty now, and that somebody else draws from it. The first halves the rate. From then on two
 * refusals measure it: what went through between them is what AWS has for us. The rate stays there at first and rises ever
 * faster, since the other caller may have gone; if he has not, that costs a refusal in some hundred calls.
 */
export class Bucket {
  readonly #rate: Rate;
  readonly #clock: Clock;
  readonly #waiting: readonly Waiter[][] = urgencies.map(() => []);
  readonly #most: number;
  /** This process's part, where several draw from the bucket. */
  readonly #slices: Slices | null;
  #tokens: number;
  #countedAt: number;
  #order = 0;
  #grants = 0;
  /** When seals came, lately. */
  #seals: number[] = [];
  #isPouring = false;
  /** The part of AWS's rate that is left for us as of the last cut. */
  #share = 1;
  #cut: { readonly at: number; readonly refused: Place } | null = null;
  #recoversWithinMs: number = RECOVERS_WITHIN_MS.first;
  /** What went through, and in which time, while nothing but AWS's rate held us up. */
  #measured = { calls: 0, ms: 0 };
  #wasSpare = false;
  #refusedTwice = 0;

  constructor(rate: Rate, clock: Clock, shared: Omit<SlicesOptions, "rate" | "clock"> | null = null) {
    this.#rate = rate;
    this.#clock = clock;
    this.#most = rate.burst * (1 - RESERVE);
    const waiting = (): number => this.#waiting.reduce((sum, { length }) => sum + length, 0);
    this.#slices = shared && new Slices({ ...shared, rate, clock }, { most: this.#most, waiting });
    this.#tokens = this.#most;
    this.#countedAt = clock.now();
  }

  /** Resolves when the call may be sent; `before` is where it stood when AWS refused it. */
  take(urgency: Urgency, before: Place | null, signal: AbortSignal): Promise<Place> {
    this.#count();
    const order = before?.order ?? this.#order++;
    const level = urgencies.indexOf(urgency);
    if (urgency === "seal" && before === null) this.#seals.push(this.#clock.now());
    const queue = this.#waiting[level] as Waiter[];
    // Whatever else is asked for at the same instant lets the seals go first, also those that ask a moment later.
    if (level === 0 && queue.length === 0 && this.#missing(level) <= 0 && this.#isOurs(level))
      return Promise.resolve(this.#grant(order));
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        order,
        go: (place) => {
          signal.removeEventListener("abort", leave);
          resolve(place);
        },
      };
      const leave = (): void => {
        queue.splice(queue.indexOf(waiter), 1);
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", leave, { once: true });
      const at = queue.findLastIndex((other) => other.order < order) + 1;
      queue.splice(at, 0, waiter);
      if (!this.#isPouring) void this.#pour();
      else this.#slices?.nudge();
    });
  }

  /** Gives back what other processes can use. */
  async close(): Promise<void> {
    await this.#slices?.close();
  }

  /** AWS refused a call for its number: there is nothing left in its bucket, and less comes in than we thought. */
  refuse(refused: Place): void {
    if (this.#cut && refused.sentAt <= this.#cut.at) {
      this.#refusedTwice += 1; // Sent before we knew.
      return;
    }
    this.#count();
    this.#tokens = Math.min(this.#tokens, 0);
    const before = this.#shareNow();
    const between = this.#cut && before < 1 && !this.#wasSpare ? this.#between(this.#cut.refused, refused) : null;
    if (between === null || between.calls < LEAST_MEASURED) {
      this.#share = before / 2;
      this.#measured = { calls: 0, ms: 0 };
      this.#recoversWithinMs = RECOVERS_WITHIN_MS.first;
    } else this.#learn(between);
    this.#share = Math.max(LEAST_SHARE, Math.min(1, this.#share));
    this.#cut = { at: this.#clock.now(), refused };
    this.#wasSpare = false;
    this.#refusedTwice = 0;
  }

  /** What AWS let through between two refusals. */
  #between(first: Place, second: Place): { readonly calls: number; readonly ms: number } {
    return { calls: second.grant - first.grant - 1 - this.#refusedTwice, ms: second.sentAt - first.sentAt };
  }

  #learn(between: { readonly calls: number; readonly ms: number }): void {
    const { calls, ms } = this.#measured;
    const isSame = Math.abs(between.calls / between.ms / (this.#share * this.#fullPerMs()) - 1) <= SAME_RATE;
    this.#measured =
      isSame && ms > 0
        ? { calls: calls + between.calls, ms: ms + between.ms }
        : { calls: between.calls, ms: between.ms };
    this.#share = this.#measured.calls / this.#measured.ms / this.#fullPerMs();
    const { first, most } = RECOVERS_WITHIN_MS;
    this.#recoversWithinMs = isSame ? Math.min(most, this.#recoversWithinMs * 2) : first;
  }

  #shareNow(): number {
    if (this.#cut === null || this.#share === 1) return 1;
    const recovered = Math.min(1, (this.#clock.now() - this.#cut.at) / this.#recoversWithinMs);
    return this.#share + (1 - this.#share) * recovered ** 3;
  }

  #fullPerMs(): number {
    return this.#rate.perSecond / 1000;
  }

  #perMs(): number {
    return this.#fullPerMs() * this.#shareNow();
  }

  #count(): void {
    const now = this.#clock.now();
    this.#tokens = Math.min(this.#most, this.#tokens + (now - this.#countedAt) * this.#perMs());
    this.#countedAt = now;
  }

  #grant(order: number): Place {
    if (this.#tokens >= 2) this.#wasSpare = true;
    this.#tokens -= 1;
    return { order, sentAt: this.#clock.now(), grant: this.#grants++ };
  }

  /** Whether the bucket's next token is this process's to use, and uses it. */
  #isOurs(level: number): boolean {
    return this.#slices === null || this.#slices.take(isUrgent(level));
  }

  /** How many tokens are missing for a call of this urgency. */
  #missing(level: number): number {
    return 1 + (level > 0 ? this.#keptForSeals() : 0) - this.#tokens;
  }

  #keptForSeals(): number {
    const since = this.#clock.now() - KEPT_FOR_SEALS.forMs;
    const first = this.#seals.findIndex((at) => at > since);
    if (first !== 0) this.#seals = first < 0 ? [] : this.#seals.slice(first);
    return Math.min(this.#most * KEPT_FOR_SEALS.share, this.#seals.length * KEPT_FOR_SEALS.times);
  }

  /** Lets whoever waits go, one for each token that comes in. Ends when nobody waits. */
  async #pour(): Promise<void> {
    this.#isPouring = true;
    await this.#clock.sleep(0);
    for (;;) {
      // The more urgent first, and of the same urgency who came first.
      const level = this.#waiting.findIndex(({ length }) => length > 0);
      const queue = this.#waiting[level];
      if (!queue) break;
      this.#count();
      const missing = this.#missing(level);
      if (missing <= 0 && this.#isOurs(level)) {
        const waiter = queue.shift();
        waiter?.go(this.#grant(waiter.order));
      } else if (missing <= 0) await this.#slices?.more();
      else await this.#clock.sleep(Math.max(1, Math.ceil(Math.min(missing, 1) / this.#perMs())));
    }
    this.#isPouring = false;
  }
}

/** What cuts an instance off never waits for an agreement with other processes. */
function isUrgent(level: number): boolean {
  return level <= urgencies.indexOf("containment");
}
