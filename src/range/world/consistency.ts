import type { Random } from "./random.ts";

/** How far reads may lag behind writes. Both default to 0: everything is visible at once. */
export interface ConsistencyOptions {
  /** A changed resource shows its previous version for at most this long. */
  readonly maximumLagMs?: number;
  /** The share of writes that lag at all, 0 to 1; 1 when left out. */
  readonly share?: number;
}

interface Version {
  /** `null`: the resource did not exist. */
  readonly value: object | null;
  /** Reads before this time still show `value`. */
  readonly until: number;
}

/**
 * Stale reads: what Describe calls show for a while after a write.
 *
 * AWS's EC2 API is eventually consistent: https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
 * Here the lag of each write is drawn once and bounded, and a resource never goes back to a version older than one
 * that was shown: a later write is never visible before an earlier one.
 */
export class Consistency {
  readonly #random: Random;
  readonly #maximumLagMs: number;
  readonly #share: number;
  readonly #versions = new WeakMap<object, Version[]>();
  readonly #removed = new WeakMap<object, Map<string, object>>();

  constructor(random: Random, options: ConsistencyOptions = {}) {
    this.#random = random;
    this.#maximumLagMs = options.maximumLagMs ?? 0;
    this.#share = options.share ?? 1;
  }

  /** Call before a resource changes. */
  beforeChange(resource: object, now: number): void {
    this.#remember(resource, structuredClone(resource), now);
  }

  /** Call when a resource was created: reads may not find it for a while. */
  created(resource: object, now: number): void {
    this.#remember(resource, null, now);
  }

  /** Call when a resource was taken out of its table: reads may still find it for a while. */
  removed(table: object, id: string, resource: object, now: number): void {
    this.#remember(resource, structuredClone(resource), now);
    if (!this.#versions.has(resource)) return;
    const ghosts = this.#removed.get(table) ?? new Map<string, object>();
    ghosts.set(id, resource);
    this.#removed.set(table, ghosts);
  }

  /** The version of a resource that a read at `now` shows; `undefined` when it shows none. */
  visible<T extends object>(resource: T, now: number): T | undefined {
    const versions = this.#versions.get(resource);
    if (!versions) return resource;
    const shown = versions.find(({ until }) => now < until);
    if (shown) return (shown.value ?? undefined) as T | undefined;
    this.#versions.delete(resource);
    return resource;
  }

  /** Deleted resources of a table that a read at `now` still shows, by id. */
  ghosts<T extends object>(table: object, now: number): Map<string, T> {
    const shown = new Map<string, T>();
    const ghosts = this.#removed.get(table);
    for (const [id, resource] of ghosts ?? []) {
      const stale = this.#versions.get(resource)?.find(({ until }) => now < until);
      if (stale?.value) shown.set(id, stale.value as T);
      else if (!stale) ghosts?.delete(id);
    }
    return shown;
  }

  #remember(resource: object, value: object | null, now: number): void {
    const versions = (this.#versions.get(resource) ?? []).filter(({ until }) => now < until);
    const lags = this.#maximumLagMs > 0 && this.#random() < this.#share;
    const lag = lags ? Math.floor(this.#random() * (this.#maximumLagMs + 1)) : 0;
    // A later write never overtakes an earlier one that is not visible yet.
    const until = Math.max(now + lag, versions.at(-1)?.until ?? 0);
    if (until > now) versions.push({ value, until });
    if (versions.length > 0) this.#versions.set(resource, versions);
    else this.#versions.delete(resource);
  }
}
