/** Counts the calls that wait to cut an instance off, for calls that must not go while there are any. */
export class WaitingCuts {
  readonly #waiting = new Map<string, number>();
  readonly #held = new Map<string, Set<() => void>>();

  /** Counts a turn of a call that cuts, as long as it is waited for. */
  count(account: string, turn: Promise<unknown>): void {
    this.#waiting.set(account, (this.#waiting.get(account) ?? 0) + 1);
    const end = (): void => this.#end(account);
    void turn.then(end, end);
  }

  /** Resolves when no call of the account waits to cut. Rejects with the signal's reason when that is aborted before. */
  async none(account: string, signal: AbortSignal): Promise<void> {
    while (this.#waiting.has(account)) {
      signal.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        const held = this.#held.get(account) ?? new Set();
        this.#held.set(account, held);
        const go = (): void => {
          signal.removeEventListener("abort", leave);
          resolve();
        };
        const leave = (): void => {
          held.delete(go);
          reject(signal.reason as Error);
        };
        signal.addEventListener("abort", leave, { once: true });
        held.add(go);
      });
    }
  }

  #end(account: string): void {
    const left = (this.#waiting.get(account) ?? 1) - 1;
    if (left > 0) {
      this.#waiting.set(account, left);
      return;
    }
    this.#waiting.delete(account);
    const held = this.#held.get(account) ?? new Set();
    this.#held.delete(account);
    for (const go of held) go();
  }
}
