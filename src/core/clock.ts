/** What time it is and how to wait. Injected everywhere, so that a drill can simulate an hour in a second. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
  /** Milliseconds since some moment of this process: never set, never going back. A machine asleep may not count. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Says that work is under way which the clock cannot see (a call that may touch the operating system).
   * Simulated time stands still until the returned function is called. Real time does not care.
   */
  hold(): () => void;
}

/** The longest time that a timer of Node takes (24.8 days); a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    for (let left = ms; ; left -= LONGEST_TIMER_MS) {
      await timer(Math.min(left, LONGEST_TIMER_MS), signal);
      if (!(left > LONGEST_TIMER_MS)) return;
    }
  },
  hold: () => () => {},
};

function timer(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const started = setTimeout(() => {
      signal?.removeEventListener("abort", cancel);
      resolve();
    }, ms);
    const cancel = (): void => {
      clearTimeout(started);
      reject(signal?.reason as Error);
    };
    signal?.addEventListener("abort", cancel, { once: true });
  });
}

interface Wake {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
}

/** Consecutive quiet turns of the event loop after which nothing but time can move the program. */
const QUIET_TURNS = 4;

/**
 * Time as a queue of events: it stands still while anything runs and jumps to the next event when everything waits.
 *
 * Sleepers that wake at the same instant wake in the order in which they went to sleep, one at a time, each running
 * until it waits again: the same program gives the same history.
 *
 * `speed` is simulated milliseconds per real one (1 for real time); without it, time jumps.
 */
export class SimulatedClock implements Clock {
  #now: number;
  #order = 0;
  #held = 0;
  #activity = 0;
  readonly #queue: Wake[] = [];
  readonly #speed: number | null;

  constructor(startMs: number, options: { readonly speed?: number } = {}) {
    this.#now = startMs;
    this.#speed = options.speed ?? null;
  }

  now(): number {
    return this.#now;
  }

  /** The same as `now`: nobody sets a simulated clock. */
  monotonic(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const wake: Wake = {
        at: this.#now + Math.max(0, ms),
        order: this.#order++,
        fire: () => {
          signal?.removeEventListener("abort", cancel);
          resolve();
        },
      };
      const cancel = (): void => {
        const place = this.#placeOf(wake);
        if (this.#queue[place] === wake) this.#queue.splice(place, 1);
        this.#activity++;
        reject(signal?.reason as Error);
      };
      signal?.addEventListener("abort", cancel, { once: true });
      this.#queue.splice(this.#placeOf(wake), 0, wake);
      this.#activity++;
    });
  }

  hold(): () => void {
    let open = true;
    this.#held++;
    this.#activity++;
    return () => {
      if (!open) return;
      open = false;
      this.#held--;
      this.#activity++;
    };
  }

  /**
   * Runs the program on this clock, moving time whenever everything waits.
   *
   * @throws Error when the program waits for something that no event will ever bring: a deadlock, which a test should see.
   */
  async run<T>(program: () => Promise<T>): Promise<T> {
    let settled = false;
    const result = program().finally(() => {
      settled = true;
    });
    result.catch(() => {}); // Reported below; a rejection before the first await must not count as unhandled.
    while (!settled) {
      await this.#quiet(() => settled);
      if (settled) break;
      const next = this.#queue[0];
      if (!next) {
        const idle = await this.#isStuck(() => settled);
        if (idle) throw new Error("simulated time stands still: the program waits for something no event will bring");
        continue;
      }
      await this.#pace(next.at);
      if (this.#queue[0] !== next) continue;
      this.#queue.shift();
      this.#now = Math.max(this.#now, next.at);
      next.fire();
    }
    return result;
  }

  /** Where a wake stands in the queue, or belongs: in order of time, then of who went to sleep first. */
  #placeOf(wake: Wake): number {
    let low = 0;
    let high = this.#queue.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#queue[middle] as Wake;
      if (other.at < wake.at || (other.at === wake.at && other.order < wake.order)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Waits until nothing is held and nothing has happened for some turns of the event loop. */
  async #quiet(settled: () => boolean): Promise<void> {
    let seen = this.#activity;
    for (let turns = 0; turns < QUIET_TURNS && !settled();) {
      await turnOfTheLoop();
      turns = this.#held > 0 || this.#activity !== seen ? 0 : turns + 1;
      seen = this.#activity;
    }
  }

  /** An empty queue is a deadlock only if the operating system has nothing for us either: give it a second. */
  async #isStuck(settled: () => boolean): Promise<boolean> {
    const seen = this.#activity;
    for (let waited = 0; waited < 100; waited++) {
      await systemClock.sleep(10);
      if (settled() || this.#activity !== seen || this.#queue.length > 0) return false;
    }
    return true;
  }

  async #pace(at: number): Promise<void> {
    if (this.#speed === null) return;
    const ms = (at - this.#now) / this.#speed;
    if (ms > 0) await systemClock.sleep(ms);
  }
}

/** Lets everything else that is ready go on, before work goes on that would otherwise hold the process for long. */
export function turnOfTheLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
