import { urgencies, type Urgency } from "../core/urgency.ts";

/**
 * Calls that one process has under way at once, besides those that seal. Each holds some 15 KiB while the SDK works on it.
 * What cuts has lanes that nothing else may use: evidence that hangs, in an endpoint of S3 for example, holds up no cut.
 */
const MOST = { forCuts: 256, forOthers: 192 } as const;

/**
 * Bounds how many calls are under way at once, whatever account and API they are for.
 *
 * AWS's buckets do not bound it: a hundred accounts with a dozen APIs each let a hundred thousand calls through in their first
 * second. What waits here holds next to nothing; what is under way holds sockets and memory. A call that seals never waits.
 */
export class Lanes {
  readonly #waiting: readonly (() => void)[][] = urgencies.map(() => []);
  #underWay = 0;

  /** Sends when there is room, the more urgent first. Rejects with the signal's reason when that is aborted before. */
  async through<T>(urgency: Urgency, signal: AbortSignal, send: () => Promise<T>): Promise<T> {
    if (urgency === "seal") return send();
    signal.throwIfAborted();
    const level = urgencies.indexOf(urgency);
    if (this.#hasRoom(level)) this.#underWay += 1;
    else await this.#room(level, signal);
    try {
      return await send();
    } finally {
      this.#leave();
    }
  }

  #hasRoom(level: number): boolean {
    return this.#underWay < (urgencies[level] === "containment" ? MOST.forCuts : MOST.forOthers);
  }

  /** Resolves when somebody else left his place to this one. */
  #room(level: number, signal: AbortSignal): Promise<void> {
    const queue = this.#waiting[level] as (() => void)[];
    return new Promise((resolve, reject) => {
      const go = (): void => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = (): void => {
        queue.splice(queue.indexOf(go), 1);
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", leave, { once: true });
      queue.push(go);
    });
  }

  #leave(): void {
    this.#underWay -= 1;
    const next = this.#waiting.find(({ length }, level) => length > 0 && this.#hasRoom(level))?.shift();
    if (!next) return;
    this.#underWay += 1;
    next();
  }
}
