/** How many acts of one kind are under way at once, in one account and Region. */
const MOST = 120;

/**
 * Lets so many acts of a kind begin at once, and the next when one has ended, in the order in which they came.
 *
 * AWS lets a hundred reads through and then twenty a second. Ten thousand that wait for their turn would not be read sooner, and
 * each would hold what it needs for its call.
 */
export class Gate {
  readonly #inside = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();

  /** Null when the act may begin at once; else it may when the promise resolves. Whoever has begun leaves at its end. */
  enter(kind: string): Promise<void> | null {
    const inside = this.#inside.get(kind) ?? 0;
    if (inside < MOST) {
      this.#inside.set(kind, inside + 1);
      return null;
    }
    const queue = this.#waiting.get(kind) ?? [];
    this.#waiting.set(kind, queue);
    return new Promise((resolve) => queue.push(resolve));
  }

  leave(kind: string): void {
    const next = this.#waiting.get(kind)?.shift();
    if (next) return next(); // It takes the place over.
    const inside = (this.#inside.get(kind) ?? 1) - 1;
    if (inside > 0) this.#inside.set(kind, inside);
    else {
      this.#inside.delete(kind);
      this.#waiting.delete(kind);
    }
  }
}
