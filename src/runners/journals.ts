import { apply, caseOf, type CaseState } from "../core/case.ts";
import type { Clock } from "../core/clock.ts";
import { CordonError } from "../core/errors.ts";
import { type Actor, GENESIS, type Happening, type JournalEvent, type NewEvent } from "../core/journal.ts";
import type { Append, Store } from "../core/store.ts";

export type Beside = Pick<Append, "originals" | "restored" | "fences">;

/** How often others may write in between before an append gives up: each time the journal has grown, so this never ends by itself. */
const MOST_TRIES = 1000;

interface Waiting {
  readonly events: readonly NewEvent[];
  readonly beside: Beside;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

interface Journal {
  state: CaseState | null;
  waiting: Waiting[];
  isWriting: boolean;
}

/**
 * The journals of cases, read and written by this process.
 *
 * What several acts append while a write is under way is written together next: ten changes that end at once cost one
 * durable commit. When another process wrote in between, what it wrote is read and ours comes after it.
 */
export class Journals {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #onEvent: (event: JournalEvent) => void;
  readonly #journals = new Map<string, Journal>();
  #isDead = false;

  constructor(options: {
    readonly store: Store;
    readonly clock: Clock;
    readonly onEvent?: ((event: JournalEvent) => void) | undefined;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#onEvent = options.onEvent ?? (() => {});
  }

  /** From now on nothing is written, and nobody who wanted to write hears of it again: what kill -9 does. */
  kill(): void {
    this.#isDead = true;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** @throws CordonError `case_not_found` */
  async load(caseId: string): Promise<CaseState> {
    const state = await this.#read(caseId);
    if (!state) throw new CordonError("case_not_found", { case: caseId });
    return state;
  }

  /** Resolves when the happenings are durable. */
  append(caseId: string, happenings: readonly Happening[], by: Actor, beside: Beside = {}): Promise<void> {
    const journal = this.#journal(caseId);
    return new Promise((resolve, reject) => {
      journal.waiting.push({ events: happenings.map((body) => ({ actor: by, body })), beside, resolve, reject });
      if (!journal.isWriting) void this.#write(caseId, journal);
    });
  }

  #journal(caseId: string): Journal {
    const known = this.#journals.get(caseId);
    if (known) return known;
    const journal: Journal = { state: null, waiting: [], isWriting: false };
    this.#journals.set(caseId, journal);
    return journal;
  }

  async #read(caseId: string): Promise<CaseState | null> {
    const journal = this.#journal(caseId);
    const events = await this.#store.read(caseId, journal.state?.sequence ?? 0);
    if (journal.state) {
      for (const event of events) if (event.sequence === journal.state.sequence + 1) apply(journal.state, event);
    } else if (events.length > 0) journal.state = caseOf(events);
    return journal.state;
  }

  async #write(caseId: string, journal: Journal): Promise<void> {
    journal.isWriting = true;
    await Promise.resolve(); // Whoever else appends in this turn rides along.
    while (journal.waiting.length > 0 && !this.#isDead) {
      const batch = journal.waiting;
      journal.waiting = [];
      try {
        await this.#writeTogether(caseId, journal, batch);
      } catch (error) {
        const [only] = batch;
        if (batch.length === 1) only?.reject(error);
        // One of them cannot be written: it fails alone.
        else for (const one of batch) await this.#writeTogether(caseId, journal, [one]).catch(one.reject);
      }
    }
    journal.isWriting = false;
  }

  async #writeTogether(caseId: string, journal: Journal, batch: readonly Waiting[]): Promise<void> {
    const sealed = await this.#appendAll(caseId, journal, batch);
    for (const event of sealed) this.#onEvent(event);
    if (!this.#isDead) batch.forEach(({ resolve }) => resolve());
  }

  async #appendAll(caseId: string, journal: Journal, batch: readonly Waiting[]): Promise<readonly JournalEvent[]> {
    for (let tries = 0; ; tries++) {
      const { state } = journal;
      const sealed = await this.#store.append({
        case: caseId,
        sequence: state?.sequence ?? 0,
        previous: state?.head ?? GENESIS,
        now: this.#clock.now(),
        events: batch.flatMap(({ events }) => events),
        fences: batch.flatMap(({ beside }) => beside.fences ?? []),
        originals: batch.flatMap(({ beside }) => beside.originals ?? []),
        restored: batch.flatMap(({ beside }) => beside.restored ?? []),
      });
      if (sealed) {
        if (!journal.state) journal.state = caseOf(sealed);
        else for (const event of sealed) if (event.sequence === journal.state.sequence + 1) apply(journal.state, event);
        return sealed;
      }
      const known = state?.sequence ?? 0;
      await this.#read(caseId);
      if ((journal.state?.sequence ?? 0) > known && tries < MOST_TRIES) continue;
      // Refused, and nothing is there that this process does not know: events are missing that it has seen.
      const found = (await this.#store.read(caseId, 0)).at(-1)?.sequence ?? 0;
      if (found > known && tries < MOST_TRIES) continue;
      throw new CordonError("journal_went_back", { case: caseId, found: String(found), known: String(known) });
    }
  }
}
