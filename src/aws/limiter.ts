import type { Clock } from "../core/clock.ts";
import type { Urgency } from "../core/urgency.ts";
import { Bucket, type Place } from "./bucket.ts";
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
  /**
   * Resolves when the call may be sent; rejects with the signal's reason. A call that AWS refused before comes with the place
   * that it had, and goes before those that came after it.
   */
  take(turn: Turn, before: Place | null, signal: AbortSignal): Promise<Place>;
  /** Tells that AWS refused a call for its number: somebody else draws from the same bucket. */
  throttled(turn: Turn, refused: Place): void;
}

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
    async take(turn, before, signal) {
      signal.throwIfAborted();
      const bucket = bucketOf(turn, publishedRate(turn.service, turn.operation));
      if (bucket) return bucket.take(turn.urgency, before, signal);
      return before ?? { order: 0, sentAt: clock.now(), grant: 0 };
    },
    throttled(turn, refused) {
      bucketOf(turn, publishedRate(turn.service, turn.operation) ?? SUPPOSED_RATE)?.refuse(refused);
    },
  };
}
