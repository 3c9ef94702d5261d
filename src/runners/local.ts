import { childSignal } from "../core/abort.ts";
import type { CaseState } from "../core/case.ts";
import { CordonError } from "../core/errors.ts";
import type { Actor, DecidedBy, Happening } from "../core/journal.ts";
import type { Playbook } from "../core/playbook.ts";
import { actKey, type Decision } from "../engine/acts.ts";
import { onlySettings } from "../core/settings.ts";
import type { Target } from "../core/step.ts";
import { contextOf } from "../engine/context.ts";
import { decide } from "../engine/decide.ts";
import { decidedBy, fetchDecided } from "../engine/decided-by.ts";
import { abandonUploads } from "../engine/evidence.ts";
import type { Doing } from "../engine/frame.ts";
import { HeldLease, RENEW_MS, takeLease } from "../engine/held-lease.ts";
import { fitted } from "../engine/large-events.ts";
import { perform } from "../engine/perform.ts";
import { Reconciler } from "../engine/reconciler.ts";
import { stepOf } from "../engine/registry.ts";
import { Gate } from "./gate.ts";
import { type Beside, Journals } from "./journals.ts";
import type { LocalRunnerOptions, WorkOptions } from "./runner-options.ts";

/** Created once: building an Error captures a stack trace. */
const isWoken = new Error("woken");

const engine: Actor = { kind: "cordon", id: "cordon", channel: "engine" };

/** What is under way in this process for one case. */
interface Work {
  readonly caseId: string;
  readonly lease: HeldLease;
  readonly running: Map<string, { readonly promise: Promise<void>; readonly resource: string | null }>;
  readonly options: WorkOptions;
  /** Ends the present wait. */
  wake: () => void;
  failure: unknown;
}

/**
 * Carries cases forward in this process: asks `decide`, performs what may go on side by side, appends what happened.
 *
 * Nothing is kept but in the store: a process that dies at any point is followed by another that reads the journal.
 */
export class LocalRunner {
  readonly #options: LocalRunnerOptions;
  readonly #reconciler: Reconciler;
  readonly #journals: Journals;
  readonly #works = new Map<string, Work>();
  readonly #gate = new Gate();

  constructor(options: LocalRunnerOptions) {
    this.#options = options;
    this.#reconciler = new Reconciler(options);
    this.#journals = new Journals({
      store: options.store,
      clock: options.clock,
      onEvent: options.onEvent?.bind(options),
    });
  }

  /** The case as its journal has it now. */
  load(caseId: string): Promise<CaseState> {
    return this.#journals.load(caseId);
  }

  /** Ids of all cases, oldest first. */
  cases(): Promise<readonly string[]> {
    return this.#options.store.cases();
  }

  /** The playbook that a case was opened with. Of an older journal, which does not have it, the one of that name now. */
  playbookOf(state: CaseState): Playbook {
    const playbook = decidedBy(state)?.playbook ?? this.#options.playbooks.get(state.playbook);
    if (!playbook) throw new CordonError("playbook_not_found", { id: state.playbook });
    return playbook;
  }

  /** What a case that is opened now is decided by. */
  decidedNow(playbook: Playbook): DecidedBy {
    return { playbook, settings: onlySettings(this.#options.settings) };
  }

  /** Appends happenings, and lets the work on the case look again. */
  async append(
    caseId: string,
    happenings: readonly Happening[],
    by: Actor = engine,
    beside: Beside = {},
  ): Promise<void> {
    const target = async (): Promise<Target> => (await this.load(caseId)).target;
    const tools = { vault: this.#options.vault, caseId, target, now: this.#options.clock.now() };
    await this.#journals.append(caseId, await fitted(happenings, tools), by, beside);
    this.#works.get(caseId)?.wake();
  }

  /** Stops this runner as kill -9 would: nothing more is written, nothing is cleaned up. */
  kill(): void {
    this.#journals.kill();
  }

  /** Takes away what the release of a case left for a while, where its time is over. Resolves to how many there were. */
  async endResidues(caseId: string, signal: AbortSignal): Promise<number> {
    const expired = await this.#options.store.expiredClaims(this.#options.clock.now());
    const claims = expired.filter((claim) => claim.case === caseId);
    for (const claim of claims) {
      const step = stepOf(this.#options.registry, claim.step);
      if (step.kind !== "shared") throw new TypeError(`${claim.step} keeps no claims`);
      const state = await this.load(caseId);
      const { context } = contextOf(this.#options, { state, step, act: `end ${claim.step}`, attempt: 1, signal });
      await this.#reconciler.release(step, context, { claim, residue: null });
    }
    return claims.length;
  }

  /** Brings a case forward until it is settled, or waits for people, or the options say to go on. */
  async work(caseId: string, options: WorkOptions): Promise<CaseState> {
    const lease = await this.#takeLease(caseId, options.signal);
    const life = childSignal(options.signal);
    const { signal } = life;
    const work: Work = {
      caseId,
      lease,
      running: new Map(),
      options: { ...options, signal },
      wake: () => {},
      failure: null,
    };
    this.#works.set(caseId, work);
    signal.addEventListener("abort", () => work.wake(), { once: true });
    const renewal = new AbortController();
    void this.#renew(work, renewal.signal);
    try {
      return await this.#loop(work);
    } finally {
      life.end();
      renewal.abort(new Error("the work ended"));
      this.#works.delete(caseId);
      if (!this.#journals.isDead) await lease.giveBack();
    }
  }

  async #loop(work: Work): Promise<CaseState> {
    const fences = [work.lease.fence];
    for (;;) {
      work.options.signal.throwIfAborted();
      if (work.failure !== null) throw work.failure as Error;
      const state = await this.load(work.caseId);
      await fetchDecided(this.#options.vault, state);
      const decision = decide({
        state,
        playbook: this.playbookOf(state),
        registry: this.#options.registry,
        now: this.#options.clock.now(),
        plansOnly: this.#options.plansOnly === true,
      });
      const notes = decision.acts.flatMap((act) => (act.verb === "note" ? [act.body] : []));
      if (notes.length > 0) {
        await this.append(work.caseId, notes, engine, { fences });
        void abandonUploads(this.#options.vault, state, notes); // Nothing that comes next waits for it.
        continue;
      }
      const woken = new Promise<void>((resolve) => void (work.wake = resolve));
      const started = this.#startWhatMay(work, decision, state);
      if (started === 0 && work.running.size === 0 && this.#isOver(decision, state, work.options)) return state;
      await this.#wait(work, decision, woken);
    }
  }

  #isOver({ wakeAt, waitsForPeople }: Decision, state: CaseState, options: WorkOptions): boolean {
    const { until, waitForPeople, isProofDue } = options;
    if (until !== undefined) return this.#options.clock.now() >= until;
    if (wakeAt !== null && isProofDue?.(state) === true) return false;
    if (wakeAt !== null && isSaving(state)) return false; // Evidence that is under way is not left to the next command.
    if (waitsForPeople) return waitForPeople !== true;
    // A revert that was put off belongs to the release, though the case was settled long before.
    return wakeAt === null || (state.release ? state.release.ended !== null : state.settled !== null);
  }

  /** Starts every act that may go on now: not under way already, and on a resource on which nothing is. */
  #startWhatMay(work: Work, { acts }: Decision, state: CaseState): number {
    let started = 0;
    for (const act of acts) {
      if (act.verb === "note" || work.running.has(actKey(act))) continue;
      const resource = this.#exclusiveResource(act);
      if (resource !== null && [...work.running.values()].some((other) => other.resource === resource)) continue;
      started += 1;
      this.#start(work, act, { state, resource });
    }
    return started;
  }

  /** Claims on a shared resource are written together; what collects changes nothing, and if it hangs it holds up nobody. */
  #exclusiveResource(act: Doing): string | null {
    if (act.verb !== "run" && act.verb !== "revert") return null;
    return stepOf(this.#options.registry, act.step).kind === "step" ? act.resource : null;
  }

  #start(
    work: Work,
    act: Doing,
    { state, resource }: { readonly state: CaseState; readonly resource: string | null },
  ): void {
    const key = actKey(act);
    const promise = this.#inTurn(work, act, state)
      .catch((error: unknown) => {
        work.failure ??= error;
      })
      .finally(() => {
        work.running.delete(key);
        work.wake();
      });
    work.running.set(key, { promise, resource });
  }

  /** What reads a lot takes turns with what does the same in other cases; what waited sees the case as it is by then. */
  async #inTurn(work: Work, act: Doing, state: CaseState): Promise<void> {
    if (act.verb !== "plan" && act.verb !== "assess") return this.#carryOut(work, act, state);
    const { account, region } = state.target;
    const of = [`${act.verb} ${act.use.use}`, `${account} ${region}`] as const;
    const turn = this.#gate.enter(...of);
    try {
      if (turn !== null) await turn;
      work.options.signal.throwIfAborted();
      await this.#carryOut(work, act, turn === null ? state : await this.load(work.caseId));
    } finally {
      this.#gate.leave(...of);
    }
  }

  async #carryOut(work: Work, act: Doing, state: CaseState): Promise<void> {
    const fences = [work.lease.fence];
    if (act.verb === "run" || act.verb === "revert") {
      const record = state.changes.get(act.change);
      // A run that asked to be called again is one act in parts: it was started once. Not so a collection, which must learn
      // whether one of its calls was left without an answer.
      const goesOn =
        record !== undefined && record.under === act.verb && record.progress !== null && !record.change.collects;
      const attempt = (record?.attempt ?? 0) + 1;
      if (!goesOn)
        await this.append(
          work.caseId,
          [{ type: "act.started", change: act.change, verb: act.verb, attempt, owner: this.#options.owner }],
          engine,
          { fences },
        );
    }
    const { events, ...beside } = await perform({
      ports: this.#options,
      reconciler: this.#reconciler,
      state,
      act,
      signal: work.options.signal,
      lease: work.lease,
    });
    if (this.#journals.isDead) return;
    await this.append(work.caseId, events, engine, { ...beside, fences });
    await abandonUploads(this.#options.vault, state, events);
    for (const event of events)
      if (event.type === "change.applied") await this.#options.onApplied?.(state, event.change);
  }

  async #wait(work: Work, { wakeAt }: Decision, woken: Promise<void>): Promise<void> {
    const { clock } = this.#options;
    const { until, pollMs } = work.options;
    const times = [
      wakeAt,
      work.running.size === 0 ? (until ?? null) : null,
      pollMs === undefined ? null : clock.now() + pollMs,
    ].filter((time) => time !== null);
    if (times.length === 0) return woken;
    const timer = new AbortController();
    const sleep = clock.sleep(Math.min(...times) - clock.now(), timer.signal).catch(() => {});
    await Promise.race([woken, sleep]);
    timer.abort(isWoken);
  }

  async #takeLease(caseId: string, signal: AbortSignal): Promise<HeldLease> {
    const { store, clock, owner } = this.#options;
    for (;;) {
      const held = await takeLease({ store, clock, owner, name: `case ${caseId}` });
      if (held instanceof HeldLease) return held;
      if (this.#options.isDead?.(held.owner) === true) await store.unlease(`case ${caseId}`, held.owner);
      else await clock.sleep(Math.max(1, held.until - clock.now()), signal);
    }
  }

  /**
   * A process that was stopped for long finds that another has the case now, and leaves it alone. A renewal that fails for
   * another reason is tried again; before anything is changed the lease is asked for anyway.
   */
  async #renew(work: Work, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#journals.isDead) {
      await this.#options.clock.sleep(RENEW_MS, signal).catch(() => {});
      if (signal.aborted || this.#journals.isDead) return;
      try {
        await work.lease.renew();
      } catch (error) {
        if (!work.lease.isLost) continue;
        work.failure ??= error;
        return work.wake();
      }
    }
  }
}

/** Whether evidence was begun and is not saved yet. */
function isSaving({ changes, release }: CaseState): boolean {
  if (release) return false;
  return [...changes.values()].some(
    ({ change, state }) => change.collects === true && (state === "started" || state === "applied"),
  );
}
