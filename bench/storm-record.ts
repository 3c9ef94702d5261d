import type { Clock } from "../src/core/clock.ts";
import type { JournalEvent } from "../src/core/journal.ts";
import type { ObservedCall } from "../src/engine/ports.ts";
import type { Fleet } from "../src/range/fleet.ts";
import type { ServedCall } from "../src/range/front.ts";

/** What became of the calls of one API in one account. */
export interface ApiTally {
  readonly account: string;
  readonly api: string;
  readonly answered: number;
  readonly throttled: number;
}

export interface StormResult {
  readonly instances: number;
  /** When each instance was sealed, in simulated milliseconds after the findings, in order. */
  readonly sealedAfterMs: readonly number[];
  /** Calls of the sealing API for other purposes that AWS answered before the last seal: each took the turn of one. */
  readonly othersBeforeLastSeal: number;
  /** When the last change of a phase was applied, in simulated milliseconds after the findings. */
  readonly lastAppliedAfterMs: Readonly<Record<string, number>>;
  readonly settledAfterMs: number;
  /** How many cases ended how. */
  readonly endings: Readonly<Record<string, number>>;
  readonly failures: Readonly<Record<string, number>>;
  /** Questions to people, and how often a person had to answer: one answer may count for many cases. */
  readonly questions: number;
  readonly answers: number;
  readonly apis: readonly ApiTally[];
  /** Calls by what made them and the API: `run contain.security-groups ec2:ModifyNetworkInterfaceAttribute`. */
  readonly calls: Readonly<Record<string, number>>;
  readonly throttledShare: number;
  readonly peakRssMiB: number;
  readonly wallMs: number;
}

interface Tally {
  account: string;
  api: string;
  answered: number;
  throttled: number;
}

/** Takes down what happens in a storm, as sums: the calls themselves would fill the memory that is being measured. */
export class StormRecord {
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #sealedAt = new Map<string, number>();
  readonly #othersAt: number[] = [];
  readonly #lastApplied: Record<string, number> = {};
  readonly #apis = new Map<string, Tally>();
  readonly #calls: Record<string, number> = {};
  readonly #endings: Record<string, number> = {};
  readonly #failures: Record<string, number> = {};
  #questions = 0;
  #answers = 0;
  #settledAt = 0;
  #peakRss = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = clock.now();
  }

  /** AWS's side of a call. */
  served({ service, operation, accountId, endedAt, error, input }: ServedCall): void {
    const api = `${service}:${operation}`;
    const account = accountId ?? "";
    const tally = this.#apis.get(`${account} ${api}`) ?? { account, api, answered: 0, throttled: 0 };
    this.#apis.set(`${account} ${api}`, tally);
    if (error === "RequestLimitExceeded" || error === "Throttling") tally.throttled += 1;
    else tally.answered += 1;
    if (operation !== "ModifyNetworkInterfaceAttribute" || error !== null) return;
    const { NetworkInterfaceId, Groups } = input;
    if (typeof NetworkInterfaceId === "string" && Groups !== undefined) this.#sealedAt.set(NetworkInterfaceId, endedAt);
    else this.#othersAt.push(endedAt);
  }

  /** Cordon's side of it. */
  called({ service, operation, act }: ObservedCall & { readonly act: string }): void {
    const [verb = "", subject = ""] = act.split(" ", 2);
    const parts = subject.split("/");
    const step = verb === "plan" || verb === "assess" ? parts[1] : parts[0];
    const name = `${verb} ${step ?? ""} ${service}:${operation}`;
    this.#calls[name] = (this.#calls[name] ?? 0) + 1;
  }

  happened({ body }: JournalEvent): void {
    const after = this.#clock.now() - this.#startedAt;
    if (body.type === "change.applied") {
      const phase = body.change.slice(0, body.change.indexOf("."));
      this.#lastApplied[phase] = after;
    }
    if (body.type === "case.settled") {
      this.#settledAt = after;
      this.#endings[body.status] = (this.#endings[body.status] ?? 0) + 1;
    }
    if (body.type === "approval.asked") this.#questions += 1;
    if (body.type === "change.failed" || body.type === "step.failed") {
      const where = body.type === "change.failed" ? `${body.verb} ${body.change.split("/")[0]}` : `plan ${body.step}`;
      const key = `${where}: ${body.code}`;
      this.#failures[key] = (this.#failures[key] ?? 0) + 1;
    }
  }

  answered(): void {
    this.#answers += 1;
  }

  lookAtMemory(rss: number): void {
    this.#peakRss = Math.max(this.#peakRss, rss);
  }

  result(fleet: Fleet, { wallMs }: { readonly wallMs: number }): StormResult {
    const apis = [...this.#apis.values()];
    const throttled = apis.reduce((sum, each) => sum + each.throttled, 0);
    const all = apis.reduce((sum, each) => sum + each.throttled + each.answered, 0);
    const sealedAt = [...this.#sealedAt.values()].sort((left, right) => left - right);
    const lastSealAt = sealedAt.at(-1) ?? 0;
    return {
      instances: fleet.targets.length,
      sealedAfterMs: sealedAt.map((at) => at - this.#startedAt),
      othersBeforeLastSeal: this.#othersAt.filter((at) => at < lastSealAt).length,
      lastAppliedAfterMs: this.#lastApplied,
      settledAfterMs: this.#settledAt,
      endings: this.#endings,
      failures: this.#failures,
      questions: this.#questions,
      answers: this.#answers,
      apis,
      calls: this.#calls,
      throttledShare: throttled / all,
      peakRssMiB: this.#peakRss / 2 ** 20,
      wallMs,
    };
  }
}
