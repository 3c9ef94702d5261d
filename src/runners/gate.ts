/** How many acts of one kind are under way at once: in one account and Region, and in all together. */
const MOST = { inPlace: 120, inAll: 360 } as const;

interface Kind {
  inside: number;
  /** By place: an account and Region. One without anybody inside or waiting is not kept. */
  readonly places: Map<string, { inside: number; readonly waiting: (() => void)[] }>;
}

/**
 * Lets so many acts of a kind begin at once, and the next when one has ended: of the place that has the fewest under way, and
 * there in the order in which they came.
 *
 * AWS lets a hundred reads of an account through and then twenty a second. Ten thousand that wait for their turn would not be
 * read sooner, and each would hold what it needs for its calls. A place whose turns are slow to come holds up no other.
 */
export class Gate {
  readonly #kinds = new Map<string, Kind>();

  /** Null when the act may begin at once; else it may when the promise resolves. Whoever has begun leaves at its end. */
  enter(name: string, place: string): Promise<void> | null {
    const kind: Kind = this.#kinds.get(name) ?? { inside: 0, places: new Map() };
    this.#kinds.set(name, kind);
    const here = kind.places.get(place) ?? { inside: 0, waiting: [] };
    kind.places.set(place, here);
    if (kind.inside < MOST.inAll && here.inside < MOST.inPlace) {
      kind.inside += 1;
      here.inside += 1;
      return null;
    }
    return new Promise((resolve) => here.waiting.push(resolve));
  }

  /** Of an act that has begun, or of one that was called off and began only to end. */
  leave(name: string, place: string): void {
    const kind = this.#kinds.get(name);
    const here = kind?.places.get(place);
    if (!kind || !here) return;
    kind.inside -= 1;
    here.inside -= 1;
    if (here.inside === 0 && here.waiting.length === 0) kind.places.delete(place);
    if (kind.places.size === 0) this.#kinds.delete(name);
    const admitting = [...kind.places.values()].filter(
      ({ inside, waiting }) => waiting.length > 0 && inside < MOST.inPlace,
    );
    const [next] = admitting.sort((one, other) => one.inside - other.inside);
    if (!next) return;
    kind.inside += 1;
    next.inside += 1;
    next.waiting.shift()?.();
  }
}
