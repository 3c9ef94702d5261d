import { preparedGroups } from "../aws/prepared-groups.ts";
import type { CallRecord } from "../aws/sender.ts";
import { type Change, type ChangeDraft, changeId } from "../core/change.ts";
import { sha256 } from "../core/json.ts";
import { largeContent } from "../core/large-content.ts";
import type {
  AnyStep,
  Assessed,
  ChangingStep,
  Claim,
  RunResult,
  SharedStep,
  Step,
  StepContext,
  Target,
  Verification,
} from "../core/step.ts";
import type { StagedAccount } from "./account.ts";
import { demand, ProcessDied } from "./contract-breach.ts";
import { demandShape, throughJson } from "./json-form.ts";
import { type KeptChange, passes, withoutAbsent } from "./kept-change.ts";
import { type NeededActions, PERMISSION_ACCOUNTS, type PermissionVerb } from "./needed-actions.ts";
import type { RehearsedProcess } from "./process.ts";

export interface CaseOptions {
  readonly id: string;
  readonly account: StagedAccount;
  readonly target: Target;
  readonly needed: NeededActions;
  /** Has the case its own process, beside the account's? */
  readonly process?: RehearsedProcess;
}

/** Faults that pass are waited out this often, as the engine does. */
const MOST_TRIES = 12;
const LONGEST_PAUSE_MS = 30_000;
const MOST_PLANS = 6;

/** Pauses between two looks of a verify: fewer than the engine's, as every look is a call that is rehearsed with every fault. */
const LOOKS_MS = [250, 1000, 4000, 15_000];

/** One case at work on an account: it does with a step what the engine does, one verb at a time, and keeps what a journal keeps. */
export class RehearsedCase {
  readonly #options: CaseOptions;
  readonly #openedAt: number;
  readonly #kept = new Map<string, KeptChange>();
  readonly #late: string[] = [];

  constructor(options: CaseOptions) {
    this.#options = options;
    this.#openedAt = options.account.clock.now();
  }

  /** Fails where a call of a verb was still under way when the verb had returned. */
  demandNothingLate(): void {
    demand(this.#late.length === 0, `${[...new Set(this.#late)].join("; ")}: an await is missing`);
  }

  /** The changes of a step, in the order in which they were planned. */
  changesOf({ id }: AnyStep): readonly KeptChange[] {
    return [...this.#kept.values()].filter(({ change }) => change.step === id);
  }

  /** Plans, and keeps what is new. A change that was done before keeps what it found first of all. */
  async plan(step: ChangingStep, input: unknown = {}): Promise<readonly KeptChange[]> {
    const { changes, left } = await this.#act(step, "plan", 1, (context) =>
      step.plan(context, step.input.parse(input) as never),
    );
    throughJson(left, `left of the plan of ${step.id}`);
    const drafts = changes.map((draft: ChangeDraft) =>
      throughJson(withoutAbsent(draft), `the change of ${draft.resource}`),
    );
    const ids = drafts.map((draft) => changeId(step.id, draft));
    demand(new Set(ids).size === ids.length, `two changes of one plan have the same id: ${ids.join(", ")}`);
    return drafts.map((draft) => this.#keep(step, draft));
  }

  #keep(step: ChangingStep, draft: ChangeDraft): KeptChange {
    const id = changeId(step.id, draft);
    demandShape(step.change.before, draft.before, `before of ${id}`);
    demandShape(step.change.after, draft.after, `after of ${id}`);
    if (step.kind === "shared")
      demand(draft.claim !== undefined, `${id} is a change of a shared resource and names no member`);
    const known = this.#kept.get(id);
    const before = known?.change.before ?? draft.before;
    const kept: KeptChange = {
      change: {
        ...draft,
        before,
        id,
        step: step.id,
      },
      state: "planned",
      under: null,
      attempt: known?.attempt ?? 0,
      startedAt: null,
      unansweredSince: null,
      progress: null,
      outcome: null,
      appliedAt: 0,
      verifiedAt: null,
    };
    this.#kept.set(id, kept);
    return kept;
  }

  /** Runs a change to its end, also after a crash or a second time. */
  async run(step: ChangingStep, kept: KeptChange): Promise<void> {
    const { change } = kept;
    await this.#toTheEnd(step, kept, "run", async (context) => {
      if (step.kind === "shared")
        return {
          kind: "done",
          outcome: await this.#process.reconciler.claim(step, context, this.#claimOf(step, change)),
        };
      return (step as Step).run(context, change, kept.progress);
    });
    Object.assign(kept, { state: "applied", appliedAt: this.#now });
  }

  async revert(step: ChangingStep, kept: KeptChange): Promise<void> {
    const outcome = kept.state === "started" ? kept.progress : kept.outcome;
    await this.#toTheEnd(step, kept, "revert", async (context) => {
      if (step.kind === "shared") {
        await this.#release(step, context, kept.change);
        return { kind: "done", outcome: kept.outcome };
      }
      return (step as Step).revert(
        context,
        kept.change,
        kept.under === "revert" && kept.progress !== null ? kept.progress : outcome,
      );
    });
    kept.state = "reverted";
  }

  async #release(step: SharedStep, context: StepContext, change: Change): Promise<void> {
    const claim = this.#claimOf(step, change);
    const left = step.residue?.(context, change) ?? null;
    const residue = left && {
      ...claim,
      value: throughJson(left.value, `the residue of ${change.id}`),
      until: left.until,
    };
    await this.#process.reconciler.release(step, context, { claim, residue });
  }

  /** Lets the residues of released claims end, and writes what remains: nothing, once all cases are released. */
  async endResidues(step: ChangingStep): Promise<void> {
    const { account } = this.#options;
    if (step.kind !== "shared") return;
    const resources = new Set(this.changesOf(step).map(({ change }) => change.resource));
    const claims = (
      await Promise.all(
        [...resources].map((resource) => account.store.claims(step.sharesLedgerOf ?? step.id, resource)),
      )
    ).flat();
    const ends = claims.flatMap(({ until }) => until ?? []);
    if (ends.length === 0) return;
    await account.clock.sleep(Math.max(...ends) + 1 - this.#now);
    for (const claim of await account.store.expiredClaims(this.#now)) {
      await this.#act(step, "reconcile", 1, (context) =>
        this.#process.reconciler.release(step, context, { claim, residue: null }),
      );
    }
  }

  /** One look. */
  look(step: ChangingStep, { change, outcome }: KeptChange): Promise<Verification> {
    return this.#act(step, "verify", 1, (context) => step.verify(context, change as never, outcome));
  }

  /** Looks until it says ok, for as long as the step says that it may take. */
  async verify(step: ChangingStep, kept: KeptChange): Promise<void> {
    const giveUpAt = Math.max(kept.appliedAt, this.#now) + step.settlesWithinMs;
    for (let look = 0; ; look++) {
      const seen = throughJson(await this.look(step, kept), `what verify says of ${kept.change.id}`);
      if (seen.kind === "ok") break;
      const told = `${seen.what}: expected ${JSON.stringify(seen.expected)}, observed ${JSON.stringify(seen.observed)}`;
      demand(seen.kind === "notYet", `verify says failed after the run. ${told}`);
      demand(
        this.#now < giveUpAt,
        `verify does not say ok within ${step.settlesWithinMs} ms (settlesWithinMs) after the run. ${told}`,
      );
      const pauseMs = LOOKS_MS[Math.min(look, LOOKS_MS.length - 1)] ?? 1000;
      await this.#options.account.clock.sleep(Math.min(pauseMs, giveUpAt - this.#now));
    }
    Object.assign(kept, { state: "verified", verifiedAt: this.#now });
  }

  /** Plans, runs and verifies, as often as the step wants it. */
  async carryOut(step: ChangingStep, input: unknown = {}): Promise<void> {
    for (let plans = 1; ; plans++) {
      const planned = await this.plan(step, input);
      for (const kept of planned) await this.run(step, kept);
      for (const kept of planned) await this.verify(step, kept);
      if (step.plansUntilQuiet !== true || planned.length === 0) return;
      demand(
        plans < MOST_PLANS,
        `it plans until a plan finds nothing, and ${MOST_PLANS} plans in a row found something`,
      );
    }
  }

  assess(step: Extract<AnyStep, { readonly kind: "assessment" }>, input: unknown = {}): Promise<Assessed> {
    return this.#act(step, "assess", 1, (context) => step.assess(context, step.input.parse(input) as never));
  }

  get #process(): RehearsedProcess {
    return this.#options.process ?? this.#options.account.process;
  }

  get #now(): number {
    return this.#options.account.clock.now();
  }

  async #toTheEnd(
    step: ChangingStep,
    kept: KeptChange,
    verb: "run" | "revert",
    once: (context: StepContext) => Promise<RunResult>,
  ): Promise<void> {
    if (kept.under !== verb && verb === "revert") kept.progress = null;
    let deadline = Infinity;
    for (;;) {
      if (kept.under !== verb || kept.progress === null) kept.attempt += 1;
      // Begun before, and its end was never written down.
      Object.assign(kept, { unansweredSince: kept.startedAt ?? kept.unansweredSince, startedAt: this.#now });
      Object.assign(kept, { under: verb, ...(verb === "run" ? { state: "started" } : {}) });
      const result = await this.#act(step, step.kind === "shared" ? "reconcile" : verb, kept.attempt, once, kept);
      kept.startedAt = null;
      const what = `${result.kind === "done" ? "the outcome" : "the progress"} of ${verb} of ${kept.change.id}`;
      if (result.kind === "done") {
        const outcome = throughJson(result.outcome, what);
        Object.assign(kept, { under: null, progress: null, outcome: verb === "run" ? outcome : kept.outcome });
        return;
      }
      kept.progress = throughJson(result.progress, what);
      deadline = Math.min(deadline, this.#now + result.withinMs);
      demand(this.#now <= deadline, `${verb} of ${kept.change.id} asks for more time than it said it needs`);
      await this.#options.account.clock.sleep(result.afterMs);
    }
  }

  /** Carries a verb out, again where a fault passes, and notes what AWS checked for it. */
  async #act<Result>(
    step: AnyStep,
    verb: PermissionVerb,
    attempt: number,
    work: (context: StepContext) => Promise<Result>,
    kept: KeptChange | null = null,
  ): Promise<Result> {
    const { account } = this.#options;
    for (let tries = 0, now = attempt; ; tries++) {
      this.demandNothingLate();
      const from = account.range.calls.length;
      const since = this.#now;
      let returned = false;
      const onCall = ({ service, operation }: CallRecord): void => {
        if (returned) this.#late.push(`${verb} returned before its call of ${service}:${operation} did`);
      };
      try {
        const result = await this.#process.carryOut(() =>
          work(this.#context(step, { attempt: now, lookSince: kept?.unansweredSince ?? null }, onCall)),
        );
        returned = true;
        return result;
      } catch (error) {
        if (error instanceof ProcessDied || !passes(error) || tries >= MOST_TRIES) throw error;
        await account.clock.sleep(Math.min(LONGEST_PAUSE_MS, 500 * 2 ** tries));
        if (kept) now = this.#tryAgain(kept, error);
      } finally {
        if (step.id === account.subject) this.#note(verb, from, since);
      }
    }
  }

  /** What AWS checked for a verb, role by role. A call of an earlier verb that AWS answers late is still that verb's. */
  #note(verb: PermissionVerb, from: number, since: number): void {
    const { account, needed } = this.#options;
    for (const which of PERMISSION_ACCOUNTS) {
      needed.add(
        which,
        verb,
        account.callsOf(which, from).filter(({ at }) => at >= since),
      );
    }
  }

  /** Another attempt after a fault that passes; whether the one before had its effect is known unless its answer was lost. */
  #tryAgain(kept: KeptChange, error: unknown): number {
    if ((error as { hasUnknownEffect?: unknown }).hasUnknownEffect === true)
      kept.unansweredSince = kept.startedAt ?? kept.unansweredSince;
    kept.startedAt = this.#now;
    if (kept.progress === null) kept.attempt += 1;
    return kept.attempt;
  }

  #context(
    step: AnyStep,
    tries: Pick<StepContext, "attempt" | "lookSince">,
    onCall: (record: CallRecord) => void,
  ): StepContext {
    const { id, account, target } = this.#options;
    const { signal } = this.#process;
    const aws = this.#process.clients.observed(onCall, signal);
    const evidence = this.#process.evidenceClients?.observed(onCall, signal);
    return {
      case: { id, openedAt: this.#openedAt, incident: "inc-rehearsal" },
      findings: account.findings(target),
      target,
      aws,
      ...(evidence === undefined ? {} : { evidence }),
      prepared: preparedGroups(aws.ec2, new Map()),
      outcomes: this.#outcomesFor(step),
      survivors: null,
      settings: { purpose: "forensics", neverDeny: [], ...account.staging.settings?.(account.range) },
      now: this.#now,
      signal,
      ...tries,
      nonce: `nonce-of-${id}`,
      vault: {
        put: (kind, name, content) => account.vault.put(`cases/${id}/${kind}/${sha256(content)}-${name}`, content),
        large: largeContent({
          vault: account.vault,
          prefix: `cases/${id}/`,
          attempt: tries.attempt,
          signal,
          hold: () => account.clock.hold(),
        }),
      },
      eventPages: account.store,
      changesSent: () => [...this.#kept.values()].filter((kept) => kept.attempt > 0).map(({ change }) => change.id),
    };
  }

  #outcomesFor(step: AnyStep): StepContext["outcomes"] {
    return Object.fromEntries(
      [...(step.needs ?? []), ...(step.reads ?? []), step.id].map((id) => [
        id,
        [...this.#kept.values()].filter(({ change }) => change.step === id),
      ]),
    );
  }

  #claimOf(step: SharedStep, { id, resource, after, claim }: Change): Claim {
    demand(claim !== undefined, `${id} is a change of a shared resource and names no member`);
    return { resource, step: step.id, member: claim.member, case: this.#options.id, value: after, until: null };
  }
}
