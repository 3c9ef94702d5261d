import { bucketOf, EC2_RESOURCE_LIMITS, limitOf, type BucketLimit, type ThrottledCall } from "./throttle-limits.ts";

export interface ThrottleRequest extends ThrottledCall {
  readonly accountId: string;
  readonly region: string;
  /** How many instances the call names, where AWS counts those too. */
  readonly resources?: number;
}

/** Other callers of the same account who use up tokens, for example a scanner: calls per second by operation. */
export type ForeignCalls = Readonly<Record<string, number>>;

export interface ThrottleOptions {
  readonly foreignCalls?: ForeignCalls;
  /** Buckets that a foreign caller draws from begin empty; full when left out. */
  readonly areBucketsEmpty?: boolean;
  /** Raised or lowered quotas of the account, by `service:operation`. */
  readonly limits?: Readonly<Record<string, BucketLimit>>;
}

export type ThrottleAnswer =
  | { readonly allowed: true }
  /** `retryAfterMs` is when the next token is there if nobody else takes it; `null`: never. AWS does not tell its callers. */
  | { readonly allowed: false; readonly code: "RequestLimitExceeded"; readonly retryAfterMs: number | null };

interface Bucket {
  tokens: number;
  at: number;
}

/** AWS's token buckets: each API on its own, per account and Region. Pure over the time it is given. */
export class Throttle {
  readonly #buckets = new Map<string, Bucket>();
  readonly #foreignCalls: ForeignCalls;
  readonly #areBucketsEmpty: boolean;
  readonly #limits: Readonly<Record<string, BucketLimit>>;

  constructor(options: ThrottleOptions = {}) {
    this.#foreignCalls = options.foreignCalls ?? {};
    this.#areBucketsEmpty = options.areBucketsEmpty === true;
    this.#limits = options.limits ?? {};
  }

  /** Takes the tokens of one call, from all its buckets or from none. */
  take(request: ThrottleRequest, now: number): ThrottleAnswer {
    const wanted = this.#bucketsOf(request).map((each) => ({
      ...each,
      bucket: this.#refill(each, now),
    }));
    const missing = wanted.filter(({ bucket, amount }) => bucket.tokens + 1e-9 < amount);
    if (missing.length > 0) {
      const waits = missing.map(({ bucket, amount, limit }) => waitMs(bucket, amount, limit));
      return {
        allowed: false,
        code: "RequestLimitExceeded",
        retryAfterMs: waits.includes(null) ? null : Math.max(...waits.map(Number)),
      };
    }
    for (const { bucket, amount } of wanted) bucket.tokens -= amount;
    return { allowed: true };
  }

  /** Somebody else in the account makes `calls` calls at once, as far as tokens reach. */
  drain(request: ThrottleRequest, calls: number, now: number): void {
    for (const each of this.#bucketsOf(request)) {
      const bucket = this.#refill(each, now);
      bucket.tokens = Math.max(0, bucket.tokens - calls);
    }
  }

  #bucketsOf(
    request: ThrottleRequest,
  ): { readonly key: string; readonly limit: BucketLimit; readonly amount: number; readonly isEmpty?: boolean }[] {
    const place = `${request.accountId} ${request.region}`;
    const found = this.#limits[`${request.service}:${request.operation}`] ?? limitOf(request);
    const resources = request.service === "ec2" ? EC2_RESOURCE_LIMITS[request.operation] : undefined;
    const foreign = this.#foreignCalls[request.operation] ?? 0;
    return [
      ...(found
        ? [
            {
              key: `${place} ${bucketOf(request)}`,
              limit: lessForeign(found, foreign),
              amount: 1,
              isEmpty: this.#areBucketsEmpty && foreign > 0,
            },
          ]
        : []),
      ...(resources
        ? [{ key: `${place} ${request.operation} resources`, limit: resources, amount: request.resources ?? 1 }]
        : []),
    ];
  }

  #refill(
    { key, limit, isEmpty }: { readonly key: string; readonly limit: BucketLimit; readonly isEmpty?: boolean },
    now: number,
  ): Bucket {
    const bucket = this.#buckets.get(key) ?? { tokens: isEmpty === true ? 0 : limit.burst, at: now };
    const earned = (Math.max(0, now - bucket.at) / 1000) * limit.refillPerSecond;
    bucket.tokens = Math.min(limit.burst, Math.max(0, bucket.tokens + earned));
    bucket.at = Math.max(bucket.at, now);
    this.#buckets.set(key, bucket);
    return bucket;
  }
}

/** What is left of the refill; who calls faster than the refill also empties the bucket. */
function lessForeign({ burst, refillPerSecond }: BucketLimit, foreignPerSecond: number): BucketLimit {
  return { burst, refillPerSecond: refillPerSecond - foreignPerSecond };
}

function waitMs(bucket: Bucket, amount: number, { burst, refillPerSecond }: BucketLimit): number | null {
  if (refillPerSecond <= 0 || amount > burst) return null;
  return Math.ceil(((amount - bucket.tokens) / refillPerSecond) * 1000);
}
