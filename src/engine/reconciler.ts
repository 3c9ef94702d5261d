import { CordonError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import type { Claim, SharedStep, StepContext } from "../core/step.ts";
import type { Clock } from "../core/clock.ts";
import type { Fences, Store } from "../core/store.ts";
import { HeldLease, isOvertaken, LEASE_MS, RENEW_MS, takeLease } from "./held-lease.ts";

const LOOK_AGAIN_MS = 200;
/** How long others may keep the lock before an act is put off. */
const PATIENCE_MS = 2 * LEASE_MS;
/** How often a write whose lock was lost starts over. */
const MOST_BEGINNINGS = 5;

/** The lock under which calls are sent at the moment: they ask it first. Null while nothing is locked. */
export interface Lock {
  held: HeldLease | null;
}

/** Under what a claim is written. */
export interface ClaimRights {
  readonly lock?: Lock;
  /** The lease of the case. */
  readonly fences?: Fences;
}

/** The call that is under way for a resource, and the one that waits for its turn with those who ride along. */
interface Turn {
  readonly running: Promise<unknown>;
  next: Promise<Json> | null;
  readonly asked: Claim[];
}

/** A write of a shared resource, and the claims for whose sake it is made. */
interface Writing {
  readonly resource: string;
  readonly asked: readonly Claim[];
  readonly lock: Lock | undefined;
}

/** The queues of each process that has a store open: its owner's name is the same for all its locks. */
const queues = new WeakMap<Store, Map<string, Map<string, Turn>>>();

/**
 * A process may have several reconcilers, one for each connection. They share one queue: they have one owner, and for that one
 * a lock is always free.
 */
function turnsOf({ store, owner }: { readonly store: Store; readonly owner: string }): Map<string, Turn> {
  const ofStore = queues.get(store) ?? new Map<string, Map<string, Turn>>();
  queues.set(store, ofStore);
  const turns = ofStore.get(owner) ?? new Map<string, Turn>();
  ofStore.set(owner, turns);
  return turns;
}

/** Made once: an error takes down where it was made. */
const isWritten = new Error("the claims are written");

/**
 * Writes claims on shared resources: original + all claims + what foreign hands put there.
 *
 * One writer per resource, in this process by a queue and between processes by a lease. Claims that arrive together are
 * written together: whoever comes while a call waits for its turn rides along.
 */
export class Reconciler {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #owner: string;
  readonly #turns: Map<string, Turn>;

  constructor(options: { readonly store: Store; readonly clock: Clock; readonly owner: string }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#owner = options.owner;
    this.#turns = turnsOf(options);
  }

  async claim(step: SharedStep, context: StepContext, claim: Claim, rights: ClaimRights = {}): Promise<Json> {
    const asked = { ...claim, step: ledgerOf(step) };
    await this.#store.putClaim(asked, rights.fences);
    return this.#reconcileSoon(step, context, { resource: claim.resource, asked, lock: rights.lock });
  }

  async release(
    step: SharedStep,
    context: StepContext,
    release: { readonly claim: Claim; readonly residue: Claim | null; readonly under?: ClaimRights },
  ): Promise<void> {
    const { lock, fences } = release.under ?? {};
    const claim = { ...release.claim, step: ledgerOf(step) };
    const residue = release.residue && { ...release.residue, step: ledgerOf(step) };
    if (!residue) await this.#store.removeClaim(claim, fences);
    else if (!(await this.#isReleased(claim))) await this.#store.putClaim(residue, fences);
    await this.#reconcileSoon(step, context, { resource: release.claim.resource, asked: null, lock });
  }

  /** A release that is made again keeps the residue of the first: its time is when the claim ended. */
  async #isReleased({ step, resource, member, case: caseId }: Claim): Promise<boolean> {
    const claims = await this.#store.claims(step, resource);
    return claims.some((claim) => claim.member === member && claim.case === caseId && claim.until !== null);
  }

  /** Joins the call that waits for its turn, or waits for one behind the call that is under way. */
  async #reconcileSoon(
    step: SharedStep,
    context: StepContext,
    {
      resource,
      asked,
      lock,
    }: { readonly resource: string; readonly asked: Claim | null; readonly lock: Lock | undefined },
  ): Promise<Json> {
    const key = `${ledgerOf(step)} ${resource}`;
    const turn = this.#turns.get(key);
    if (turn?.next) {
      if (asked) turn.asked.push(asked);
      return turn.next;
    }
    const riders = asked ? [asked] : [];
    const run = (): Promise<Json> => {
      const current = this.#turns.get(key);
      if (current) current.next = null;
      return this.#reconcile(step, context, { resource, asked: riders, lock });
    };
    const next = turn ? turn.running.then(run, run) : Promise.resolve().then(run);
    const running = next
      .catch(() => {})
      .finally(() => {
        if (this.#turns.get(key)?.running === running) this.#turns.delete(key);
      });
    this.#turns.set(key, { running, next, asked: riders });
    return next;
  }

  /** Writes under the lock. A lock that was lost meanwhile starts over: what was read under it may be old. */
  async #reconcile(step: SharedStep, context: StepContext, writing: Writing): Promise<Json> {
    const name = `resource ${ledgerOf(step)} ${writing.resource}`;
    for (let beginnings = 1; ; beginnings++) {
      const held = await this.#lock(name, context.signal);
      const work = new AbortController();
      void this.#keep(held, work.signal);
      try {
        return await this.#write(step, context, { ...writing, held });
      } catch (error) {
        if (!held.isLost && !(isOvertaken(error) && isAbout(error, name))) throw error;
        if (beginnings === MOST_BEGINNINGS || context.signal.aborted) throw busy(name, this.#clock.now(), error);
      } finally {
        work.abort(isWritten);
        if (writing.lock) writing.lock.held = null;
        await held.giveBack();
      }
    }
  }

  async #write(
    step: SharedStep,
    context: StepContext,
    { resource, asked, lock, held }: Writing & { readonly held: HeldLease },
  ): Promise<Json> {
    const name = ledgerOf(step);
    const fences = [held.fence];
    if (lock) lock.held = held;
    const claims = await this.#liveClaims(name, resource, fences);
    const kept = await this.#store.ledger(name, resource);
    const outcome = await step.reconcile(context, resource, {
      claims,
      asked,
      original: kept?.original ?? null,
      ours: kept?.ours ?? null,
      save: async (ledger) => {
        await held.demand();
        await this.#store.saveLedger(name, resource, ledger, fences);
      },
    });
    await held.demand(); // What was written under a lock that was lost is not the last word.
    if (claims.length === 0) await this.#store.saveLedger(name, resource, null, fences);
    return outcome;
  }

  /** A renewal that fails is tried again: whether the lock is still ours is asked again before each write. */
  async #keep(held: HeldLease, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !held.isLost) {
      await this.#clock.sleep(RENEW_MS, signal).catch(() => {});
      if (!signal.aborted) await held.renew().catch(() => {});
    }
  }

  async #liveClaims(step: string, resource: string, fences: Fences): Promise<readonly Claim[]> {
    const now = this.#clock.now();
    const claims = await this.#store.claims(step, resource);
    const over = claims.filter(({ until }) => until !== null && until <= now);
    await Promise.all(over.map((claim) => this.#store.removeClaim(claim, fences)));
    return claims.filter((claim) => !over.includes(claim));
  }

  async #lock(name: string, signal: AbortSignal): Promise<HeldLease> {
    const giveUpAt = this.#clock.monotonic() + PATIENCE_MS;
    for (;;) {
      const held = await takeLease({ store: this.#store, clock: this.#clock, owner: this.#owner, name });
      if (held instanceof HeldLease) return held;
      if (this.#clock.monotonic() >= giveUpAt) throw busy(name, held.until, undefined);
      await this.#clock.sleep(LOOK_AGAIN_MS, signal);
    }
  }
}

function isAbout(error: unknown, name: string): boolean {
  return error instanceof CordonError && error.particulars["what"] === name;
}

function busy(what: string, until: number, cause: unknown): CordonError {
  return new CordonError("store_busy", { what, until: new Date(until).toISOString() }, { cause });
}

/** Where the claims of a step lie: with those of the step whose ledger it shares. */
function ledgerOf({ id, sharesLedgerOf }: SharedStep): string {
  return sharesLedgerOf ?? id;
}
