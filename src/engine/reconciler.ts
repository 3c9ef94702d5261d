import { CordonError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import type { Claim, SharedStep, StepContext } from "../core/step.ts";
import type { Clock } from "../core/clock.ts";
import type { Store } from "../core/store.ts";

/** How long a process may keep a shared resource before another takes the lock over. */
const LOCK_MS = 30_000;
const LOOK_AGAIN_MS = 200;
/** While a call waits for its turn among a thousand others, the lock is kept. */
const RENEW_MS = 10_000;

/** The call that is under way for a resource, and the one that waits for its turn with those who ride along. */
interface Turn {
  readonly running: Promise<unknown>;
  next: Promise<Json> | null;
  readonly asked: Claim[];
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
  readonly #turns = new Map<string, Turn>();

  constructor(options: { readonly store: Store; readonly clock: Clock; readonly owner: string }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#owner = options.owner;
  }

  async claim(step: SharedStep, context: StepContext, claim: Claim): Promise<Json> {
    const asked = { ...claim, step: ledgerOf(step) };
    await this.#store.putClaim(asked);
    return this.#reconcileSoon(step, context, { resource: claim.resource, asked });
  }

  async release(
    step: SharedStep,
    context: StepContext,
    release: { readonly claim: Claim; readonly residue: Claim | null },
  ): Promise<void> {
    const claim = { ...release.claim, step: ledgerOf(step) };
    const residue = release.residue && { ...release.residue, step: ledgerOf(step) };
    if (!residue) await this.#store.removeClaim(claim);
    else if (!(await this.#isReleased(claim))) await this.#store.putClaim(residue);
    await this.#reconcileSoon(step, context, { resource: release.claim.resource, asked: null });
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
    { resource, asked }: { readonly resource: string; readonly asked: Claim | null },
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
      return this.#reconcile(step, context, { resource, asked: riders });
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

  async #reconcile(
    step: SharedStep,
    context: StepContext,
    { resource, asked }: { readonly resource: string; readonly asked: readonly Claim[] },
  ): Promise<Json> {
    const name = ledgerOf(step);
    const lock = `resource ${name} ${resource}`;
    await this.#lock(lock, context.signal);
    const held = new AbortController();
    void this.#keep(lock, held.signal);
    try {
      const claims = await this.#liveClaims(name, resource);
      const kept = await this.#store.ledger(name, resource);
      const outcome = await step.reconcile(context, resource, {
        claims,
        asked,
        original: kept?.original ?? null,
        ours: kept?.ours ?? null,
        save: (ledger) => this.#store.saveLedger(name, resource, ledger),
      });
      if (claims.length === 0) await this.#store.saveLedger(name, resource, null);
      return outcome;
    } finally {
      held.abort(isWritten);
      await this.#store.unlease(lock, this.#owner);
    }
  }

  async #keep(lock: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#clock.sleep(RENEW_MS, signal).catch(() => {});
      const now = this.#clock.now();
      if (!signal.aborted) await this.#store.lease(lock, this.#owner, now + LOCK_MS, now);
    }
  }

  async #liveClaims(step: string, resource: string): Promise<readonly Claim[]> {
    const now = this.#clock.now();
    const claims = await this.#store.claims(step, resource);
    const over = claims.filter(({ until }) => until !== null && until <= now);
    await Promise.all(over.map((claim) => this.#store.removeClaim(claim)));
    return claims.filter((claim) => !over.includes(claim));
  }

  async #lock(name: string, signal: AbortSignal): Promise<void> {
    const giveUpAt = this.#clock.now() + 2 * LOCK_MS;
    for (;;) {
      const now = this.#clock.now();
      const held = await this.#store.lease(name, this.#owner, now + LOCK_MS, now);
      if (!held) return;
      if (now >= giveUpAt)
        throw new CordonError("store_busy", { what: name, until: new Date(held.until).toISOString() });
      await this.#clock.sleep(LOOK_AGAIN_MS, signal);
    }
  }
}

/** Where the claims of a step lie: with those of the step whose ledger it shares. */
function ledgerOf({ id, sharesLedgerOf }: SharedStep): string {
  return sharesLedgerOf ?? id;
}
