import type { Clock } from "../core/clock.ts";
import { type Urgency, urgencies } from "../core/urgency.ts";
import { publishedRate, type Rate, SUPPOSED_RATE } from "./rate-limits.ts";

/** One call that is about to be sent. */
export interface Turn {
  readonly account: string;
  readonly region: string;
  readonly service: string;
  readonly operation: string;
  readonly urgency: Urgency;
}

/**
 * Keeps calls within AWS's own limits, so that they are sent when they will be answered, and the urgent ones first.
 *
 * AWS counts per API, account and Region. Whoever sends more is refused, and the refusals of a thousand cases would cost the
 * one call that seals an interface its turn.
 */
export interface Limiter {
  /** Resolves when the call may be sent; rejects with the signal's reason. */
  take(turn: Turn, signal: AbortSignal): Promise<void>;
  /** Tells that AWS refused a call for its number: somebody else draws from the same bucket. */
  throttled(turn: Turn): void;
}

interface Waiter {
  readonly urgency: number;
  readonly order: number;
  readonly go: () => void;
}

/** A bucket that was halved is whole again after this long. */
const RECOVERS_WITHIN_MS = 60_000;

/** Nobody is slowed down below this part of AWS's rate: a foreign caller may stop at any time. */
const LEAST_SHARE = 1 / 16;

/** A limiter for all calls of one process. */
export function localLimiter(clock: Clock): Limiter {
  const buckets = new Map<string, Bucket>();
  const bucketOf = ({ account, region, service, operation }: Turn, rate: Rate | null): Bucket | null => {
    const key = `${account} ${region} ${service}:${operation}`;
    const known = buckets.get(key);
    if (known || rate === null) return known ?? null;
    const bucket = new Bucket(rate, clock);
    buckets.set(key, bucket);
    return bucket;
  };
  return {
    async take(turn, signal) {
      signal.throwIfAborted();
      await bucketOf(turn, publishedRate(turn.service, turn.operation))?.take(urgencies.indexOf(turn.urgency), signal);
    },
    throttled(turn) {
      bucketOf(turn, publishedRate(turn.service, turn.operation) ?? SUPPOSED_RATE)?.halve();
    },
  };
}

/** AWS's bucket as we believe it to be. */
class Bucket {
  readonly #rate: Rate;
  readonly #clock: Clock;
  readonly #waiting: Waiter[] = [];
  #tokens: number;
  #countedAt: number;
  /** What is left of AWS's rate for us, and since when. */
  #share = 1;
  #halvedAt = 0;
  #order = 0;
  #isPouring = false;

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
    this.#tokens = rate.burst;
    this.#countedAt = clock.now();
  }

  take(urgency: number, signal: AbortSignal): Promise<void> {
    this.#count();
    if (this.#waiting.length === 0 && this.#tokens >= 1) {
      this.#tokens -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        urgency,
        order: this.#order++,
        go: () => {
          signal.removeEventListener("abort", leave);
          resolve();
        },
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#queue(waiter);
      if (!this.#isPouring) void this.#pour();
    });
  }

  /** There is nothing left in AWS's bucket, and less comes in than we thought. */
  halve(): void {
    this.#count();
    this.#tokens = Math.min(this.#tokens, 0);
    this.#share = Math.max(LEAST_SHARE, this.#shareNow() / 2);
    this.#halvedAt = this.#clock.now();
  }

  #shareNow(): number {
    const recovered = (this.#clock.now() - this.#halvedAt) / RECOVERS_WITHIN_MS;
    return this.#share === 1 ? 1 : Math.min(1, this.#share + (1 - this.#share) * recovered);
  }

  #perMs(): number {
    return (this.#rate.perSecond * this.#shareNow()) / 1000;
  }

  #count(): void {
    const now = this.#clock.now();
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + (now - this.#countedAt) * this.#perMs());
    this.#countedAt = now;
  }

  /** The more urgent first, and of the same urgency who came first. */
  #queue(waiter: Waiter): void {
    let at = this.#waiting.length;
    while (at > 0 && (this.#waiting[at - 1]?.urgency ?? 0) > waiter.urgency) at -= 1;
    this.#waiting.splice(at, 0, waiter);
  }

  /** Lets whoever waits go, one for each token that comes in. Ends when nobody waits. */
  async #pour(): Promise<void> {
    this.#isPouring = true;
    while (this.#waiting.length > 0) {
      this.#count();
      if (this.#tokens >= 1) {
        this.#tokens -= 1;
        this.#waiting.shift()?.go();
        continue;
      }
      await this.#clock.sleep(Math.max(1, Math.ceil((1 - this.#tokens) / this.#perMs())));
    }
    this.#isPouring = false;
  }
}
