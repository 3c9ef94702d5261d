import { SimulatedClock } from "../core/clock.ts";
import type { Finding } from "../core/finding.ts";
import type { Json } from "../core/json.ts";
import type { Target } from "../core/step.ts";
import type { Store } from "../core/store.ts";
import type { Vault } from "../core/vault.ts";
import { readGuardDuty } from "../intake/guardduty.ts";
import { manualFinding } from "../intake/manual.ts";
import type { FaultRule } from "../range/faults.ts";
import type { ServedCall } from "../range/front.ts";
import { createResponder, type Responder } from "../range/responder.ts";
import { createRange, type Range, START_OF_SIMULATED_TIME_MS } from "../range/range.ts";
import type { PolicyDocument } from "../range/world/identity.ts";
import { seededRandom } from "../range/world/random.ts";
import { evidenceBucket } from "../range/world/s3.ts";
import { openSqlite } from "../store/sqlite.ts";
import { memoryVault } from "../vault/memory.ts";
import { s3Vault } from "../vault/s3.ts";
import type { Staging } from "./contract-options.ts";
import { demand } from "./contract-breach.ts";
import { PERMISSION_ACCOUNTS, type PermissionAccount } from "./needed-actions.ts";
import { RehearsedProcess } from "./process.ts";

export interface AccountOptions {
  /** The id of the step that is examined. */
  readonly subject: string;
  readonly staging: Staging;
  /** How long reads may lag behind writes; 0 when left out. */
  readonly staleMs?: number;
  readonly seed?: number;
}

/** The bucket of a staging that keeps evidence in one. */
export const EVIDENCE_BUCKET = "evidence-of-the-rehearsal";

/** No process takes a dead one's work over sooner: its leases must end first. */
const TAKE_OVER_MS = 31_000;

/** A staged account on simulated time, a store, and the process that is at work on it. */
export class StagedAccount {
  readonly clock = new SimulatedClock(START_OF_SIMULATED_TIME_MS);
  readonly range: Range;
  readonly store: Store;
  readonly #memory = memoryVault();
  #bucket: { readonly of: RehearsedProcess; readonly vault: Vault } | null = null;
  readonly staging: Staging;
  readonly subject: string;
  readonly #evidence: Responder | null;
  readonly #keeper: Responder | null;
  #process: RehearsedProcess;
  #lives = 0;

  constructor({ staging, subject, staleMs = 0, seed = 1 }: AccountOptions) {
    const { scenario, variants = [] } = staging;
    this.staging = staging;
    this.subject = subject;
    this.range = createRange({
      scenario,
      seed,
      clock: this.clock,
      variants,
      staleMs,
      onCrash: () => this.#process.die(),
    });
    this.#evidence = this.#responderIn(staging.evidenceAccount, "CordonEvidence");
    this.#keeper = this.#stageBucket();
    staging.prepare?.(this.range);
    this.store = openSqlite(":memory:", { hold: () => this.clock.hold() });
    this.#process = this.newProcess();
  }

  /** A role in the account that evidence is copied to, in the target's Region. */
  #responderIn(accountId: string | undefined, name: string): Responder | null {
    const region = this.range.scenario.targets[0]?.region;
    if (accountId === undefined || region === undefined) return null;
    return createResponder(this.range.world.place(accountId, region), name);
  }

  /** The role that writes into the bucket is one of its own: what the vault needs, no step declares. */
  #stageBucket(): Responder | null {
    const { evidenceAccount, keepsInBucket } = this.staging;
    const region = this.range.scenario.targets[0]?.region;
    if (keepsInBucket !== true) return null;
    demand(evidenceAccount !== undefined && region !== undefined, "a bucket for evidence lies in an account for it");
    evidenceBucket(this.range.world, { account: evidenceAccount, region, name: EVIDENCE_BUCKET });
    return this.#responderIn(evidenceAccount, "CordonVault");
  }

  /** Where evidence lies, as the process that is at work reaches it. */
  get vault(): Vault {
    const { vaultClients, signal } = this.#process;
    if (vaultClients === null) return this.#memory;
    if (this.#bucket?.of !== this.#process) {
      const sender: Parameters<typeof s3Vault>[0]["sender"] = (until) =>
        vaultClients.observed(() => {}, AbortSignal.any([until, signal])).s3;
      const random = seededRandom(2);
      const { presigner } = vaultClients;
      const vault = s3Vault({ bucket: EVIDENCE_BUCKET, clock: this.clock, random, sender, presigner });
      this.#bucket = { of: this.#process, vault };
    }
    return this.#bucket.vault;
  }

  get process(): RehearsedProcess {
    return this.#process;
  }

  get targets(): readonly Target[] {
    return this.range.scenario.targets;
  }

  /** The instance that shares the target's role and subnet: the variant `neighbour`. */
  neighbour(): Target {
    const [target] = this.targets;
    demand(target !== undefined, `the scenario ${this.staging.scenario} has no target`);
    const { region } = this.range.world.place(target.account, target.region);
    const found = [...region.instances.values()].find(({ tags }) =>
      tags.some(({ value }) => value === "payroll-neighbour"),
    );
    demand(found !== undefined, `the scenario ${this.staging.scenario} stages no neighbour`);
    return { ...target, instanceId: found.id };
  }

  /** What the scenario's detector says about an instance; the same about its neighbour, and a person's word where there is none. */
  findings({ account, region, instanceId }: Target): readonly Finding[] {
    const read = this.range
      .events()
      .flatMap((event) => readGuardDuty(JSON.stringify(event), { file: "event" }).findings);
    const findings = read.map((finding) => ({ ...finding, instances: [instanceId] }));
    if (findings.length > 0) return findings;
    const now = this.clock.now();
    return [
      manualFinding({
        instanceIds: [instanceId],
        remoteAddresses: [],
        person: "analyst",
        account,
        region,
        now,
        command: "contract",
      }),
    ];
  }

  snapshot(): Json {
    return structuredClone(this.range.snapshot());
  }

  /** Another process follows a dead one when its leases are over. */
  async takeOver(): Promise<void> {
    this.#process.die();
    await this.clock.sleep(TAKE_OVER_MS);
    this.#process = this.newProcess();
  }

  /** Another process beside the present one, as a second case would have. */
  newProcess(): RehearsedProcess {
    this.#lives += 1;
    const region = this.range.scenario.targets[0]?.region ?? "";
    return new RehearsedProcess({
      range: this.range,
      clock: this.clock,
      store: this.store,
      owner: `process-${this.#lives}`,
      region,
      evidence: this.#evidence,
      vault: this.#keeper,
    });
  }

  /** Plans a fault for the calls from now on; the returned function says whether it has struck, and takes it away. */
  plant(rule: FaultRule): () => boolean {
    const from = this.range.calls.length;
    this.range.faults.inject(rule);
    return () => {
      this.range.faults.clear();
      return this.range.calls.length - from >= (rule.nth ?? 1);
    };
  }

  callsSince(index: number): readonly ServedCall[] {
    return this.range.calls.slice(index);
  }

  /** The calls of a role of Cordon's, of those since an index. */
  callsOf(which: PermissionAccount, since: number): readonly ServedCall[] {
    const caller = this.#roleIn(which)?.callerArn;
    return this.callsSince(since).filter(({ callerArn }) => callerArn === caller);
  }

  #roleIn(which: PermissionAccount): Responder | null {
    return which === "target" ? this.range.responder : this.#evidence;
  }

  /** Cordon's roles may do this and nothing else from now on, everywhere. */
  allowOnly({ target, evidence }: Readonly<Record<PermissionAccount, readonly string[]>>): Promise<void> {
    return this.allowBy({ target: allowing(target), evidence: allowing(evidence) });
  }

  /** Cordon's roles may do what these policies say and nothing else from now on, everywhere. */
  async allowBy(policies: Readonly<Record<PermissionAccount, PolicyDocument>>): Promise<void> {
    for (const which of PERMISSION_ACCOUNTS) this.#roleIn(which)?.setResponderPolicy(policies[which]);
    await this.clock.sleep(60_000); // Policies take a while to be in force everywhere.
  }
}

/** A statement names at least one action: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html */
function allowing(actions: readonly string[]): PolicyDocument {
  const Statement = actions.length === 0 ? [] : [{ Effect: "Allow", Action: [...actions], Resource: "*" }];
  return { Version: "2012-10-17", Statement };
}

/** Runs a rehearsal on an account of its own. */
export async function onAccount<Result>(
  options: AccountOptions,
  play: (account: StagedAccount) => Promise<Result>,
): Promise<Result> {
  const account = new StagedAccount(options);
  try {
    return await account.clock.run(() => play(account));
  } finally {
    account.store.close();
  }
}
