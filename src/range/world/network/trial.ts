/** Takes back what a packet leaves behind, so that the code which carries packets also answers what would happen. */
export class Trial {
  #undo: (() => void)[] | null = null;

  /** Whether nothing may last of what happens now. */
  get isOn(): boolean {
    return this.#undo !== null;
  }

  /** Call before a change: how to take it back. */
  note(undo: () => void): void {
    this.#undo?.push(undo);
  }

  /** Does the work and takes every noted change back, newest first. */
  run<T>(work: () => T): T {
    if (this.#undo) throw new TypeError("a trial is under way");
    const undo: (() => void)[] = [];
    this.#undo = undo;
    try {
      return work();
    } finally {
      this.#undo = null;
      for (const takeBack of undo.reverse()) takeBack();
    }
  }
}
