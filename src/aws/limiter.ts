import type { Clock } from "../core/clock.ts";
import { cutsOff, type Urgency } from "../core/urgency.ts";
import type { SliceStore } from "../core/store.ts";
import { Bucket, type Place } from "./bucket.ts";
import { publishedRate, type Rate, SUPPOSED_RATE } from "./rate-limits.ts";
import { WaitingCuts } from "./waiting-cuts.ts";

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

/** A limiter for all calls of one process, which has AWS's limits for itself. */
export function localLimiter(clock: Clock): Limiter {
  return limiterOf(clock, (_, rate) => new Bucket(rate, clock)).limiter;
}

export interface LeasedLimiterOptions {
  readonly clock: Clock;
  readonly store: SliceStore;
  /** Names this process; another life of it must have another name. */
  readonly owner: string;
  /** Names the AWS that is called: a range counts for itself. */
  readonly place: string;
}

/** A limiter that shares AWS's limits with those of other processes on the same store. */
export interface LeasedLimiter extends Limiter {
  /** Gives back what other processes can use. From then on nobody waits. */
  close(): Promise<void>;
}

/**
 * A limiter for one of several processes: each draws from AWS's buckets what the store lets it have.
 *
 * A process alone has all of it. Of several, each has a part that goes with how much waits in it. Calls that cut an instance off
 * never wait for the store: the first few go at once.
 */
export function leasedLimiter({ clock, store, owner, place }: LeasedLimiterOptions): LeasedLimiter {
  const { limiter, buckets } = limiterOf(
    clock,
    (key, rate) => new Bucket(rate, clock, { store, owner, key: `${place} ${key}` }),
  );
  return {
    ...limiter,
    async close() {
      await Promise.all([...buckets.values()].map((bucket) => bucket.close()));
    },
  };
}

function limiterOf(
  clock: Clock,
  newBucket: (key: string, rate: Rate) => Bucket,
): { readonly limiter: Limiter; readonly buckets: ReadonlyMap<string, Bucket> } {
  const buckets = new Map<string, Bucket>();
  const bucketOf = ({ account, region, service, operation }: Turn, rate: Rate | null): Bucket | null => {
    const key = `${account} ${region} ${service}:${operation}`;
    const known = buckets.get(key);
    if (known || rate === null) return known ?? null;
    const bucket = newBucket(key, rate);
    buckets.set(key, bucket);
    return bucket;
  };
  const cuts = new WaitingCuts();
  const limiter: Limiter = {
    async take(turn, before, signal) {
      signal.throwIfAborted();
      const bucket = bucketOf(turn, publishedRate(turn.service, turn.operation));
      if (waitsForCuts(turn)) await cuts.none(turn.account, signal);
      if (bucket) {
        const place = bucket.take(turn.urgency, before, signal);
        if (cutsOff(turn.urgency)) cuts.count(turn.account, place);
        return place;
      }
      return before ?? { order: 0, sentAt: clock.now(), grant: 0 };
    },
    throttled(turn, refused) {
      bucketOf(turn, publishedRate(turn.service, turn.operation) ?? SUPPOSED_RATE)?.refuse(refused);
    },
  };
  return { limiter, buckets };
}

/** The event history can be read for 90 days: a lookup takes no place from a cut. */
function waitsForCuts({ service, operation, urgency }: Turn): boolean {
  return service === "cloudtrail" && operation === "LookupEvents" && !cutsOff(urgency);
}
