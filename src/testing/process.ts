import { createClients, type ClientSet } from "../aws/clients.ts";
import type { SimulatedClock } from "../core/clock.ts";
import type { Store } from "../core/store.ts";
import { Reconciler } from "../engine/reconciler.ts";
import type { Range } from "../range/range.ts";
import type { Responder } from "../range/responder.ts";
import { seededRandom } from "../range/world/random.ts";
import { ProcessDied } from "./contract-breach.ts";

export interface ProcessOptions {
  readonly range: Range;
  readonly clock: SimulatedClock;
  readonly store: Store;
  readonly owner: string;
  readonly region: string;
  /** Of the account that evidence is copied to; null where the staging has none. */
  readonly evidence: Responder | null;
  /** Of the role that writes into the bucket; null where evidence lies in memory. */
  readonly vault: Responder | null;
}

/** One life of Cordon's process: its own clients, its own locks. When it dies it sends nothing and writes nothing more. */
export class RehearsedProcess {
  readonly clients: ClientSet;
  readonly evidenceClients: ClientSet | null;
  readonly vaultClients: ClientSet | null;
  readonly reconciler: Reconciler;
  readonly #life = new AbortController();
  readonly #died: Promise<never>;

  constructor({ range, clock, store, owner, region, evidence, vault }: ProcessOptions) {
    const clientsOf = ({ roleArn, accessKeyId, secretAccessKey, sessionToken }: Responder): ClientSet =>
      createClients({
        region,
        credentials: { accessKeyId, secretAccessKey, sessionToken },
        requestHandler: range.requestHandler(),
        clock,
        random: seededRandom(1),
        caller: roleArn,
      });
    this.clients = clientsOf(range.responder);
    this.evidenceClients = evidence && clientsOf(evidence);
    this.vaultClients = vault && clientsOf(vault);
    this.reconciler = new Reconciler({ store: mortal(store, this.signal), clock, owner });
    this.#died = new Promise((_resolve, reject) => {
      this.signal.addEventListener("abort", () => reject(this.signal.reason as Error));
    });
    this.#died.catch(() => {}); // Most processes are not waited for when they die.
  }

  get signal(): AbortSignal {
    return this.#life.signal;
  }

  /** Kills it, as `kill -9` would. Calls that are under way still have their effect. */
  die(): void {
    this.#life.abort(new ProcessDied());
  }

  /** The result of the work, unless the process dies before. @throws ProcessDied */
  carryOut<Result>(work: () => Promise<Result>): Promise<Result> {
    return Promise.race([work(), this.#died]);
  }
}

/** The store as a process sees it: once dead, it never gets an answer. */
function mortal(store: Store, life: AbortSignal): Store {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...values: unknown[]): unknown =>
        life.aborted ? new Promise(() => {}) : Reflect.apply(member, target, values);
    },
  });
}
