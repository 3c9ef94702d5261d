import { createClients } from "../../aws/clients.ts";
import { Lanes } from "../../aws/lanes.ts";
import { localLimiter } from "../../aws/limiter.ts";
import { SimulatedClock } from "../../core/clock.ts";
import { readConfig } from "../../config/read.ts";
import type { Finding } from "../../core/finding.ts";
import { CordonError } from "../../core/errors.ts";
import { type Actor, type JournalEvent, verifyJournal } from "../../core/journal.ts";
import type { HandOver } from "../../core/route.ts";
import type { Settings } from "../../core/settings.ts";
import type { Target } from "../../core/step.ts";
import { readGuardDuty } from "../../intake/guardduty.ts";
import { dispositionsOf } from "../../intake/dispositions.ts";
import { manualFinding } from "../../intake/manual.ts";
import type { Attacker } from "../../range/attackers/attacker.ts";
import { createRange, type Range, START_OF_SIMULATED_TIME_MS } from "../../range/range.ts";
import { createResponder as roleIn } from "../../range/responder.ts";
import { seededRandom } from "../../range/world/random.ts";
import { decideStage } from "../../runners/decisions.ts";
import type { LocalRunner } from "../../runners/local.ts";
import { takeIn } from "../../runners/intake.ts";
import { openSqlite } from "../../store/sqlite.ts";
import { memoryVault } from "../../vault/memory.ts";
import { createResponder } from "../compose.ts";
import { policyOf, policyOfPlaybook } from "../policy.ts";
import type { DrillOptions, Rehearsal } from "./rehearsal.ts";
import { describeDrill, type DrillReport } from "./report.ts";

/** The attackers live this long before anybody notices. */
const UNNOTICED_MS = 30_000;
/** How long the range is watched after the receipt, so that attackers can prove Cordon wrong. */
export const OBSERVED_MS = 1_740_000;
/** How long it is watched after a release: what must stay dead stays dead. */
export const AFTER_RELEASE_MS = 120_000;
/** How long the rehearsed approver thinks. */
const THINKING_MS = 20_000;

/** The profile for collecting is one that a range has only where somebody staged it. */
export const rehearsedSettings: Settings = {
  purpose: "forensics",
  neverDeny: [],
  collectionProfile: "CordonCollection",
};

/** An account beside the target's, to which snapshots can be copied. */
export const EVIDENCE_ACCOUNT = {
  account: "444455556666",
  kmsKeyId: "arn:aws:kms:eu-central-1:444455556666:key/66666666-2222-4333-8444-555555555555",
  sharingKeyId: null,
} as const;

/** Two people of the rehearsal: who started it by hand, and who decides. */
const starter: Actor = { kind: "person", id: "rehearsal-analyst", channel: "drill" };
const approver: Actor = { kind: "person", id: "rehearsal-approver", channel: "drill" };

/** Runs the product against a staged attack, and says what it came to. Nothing outside this process is touched. */
export async function runDrill(options: DrillOptions): Promise<DrillReport> {
  const clock = new SimulatedClock(
    START_OF_SIMULATED_TIME_MS,
    options.speed === undefined ? {} : { speed: options.speed },
  );
  const { scenario, seed, variants = [] } = options;
  const range = createRange({ scenario, seed, clock, variants, ...options.range });
  options.prepare?.(range, clock);
  const store = options.store ?? openSqlite(":memory:", { hold: () => clock.hold() });
  const calls: Rehearsal["calls"] = [];
  const random = seededRandom(seed);
  const approvals = new Approvals(options.approve ?? range.scenario.suggestedApprovals, clock);
  const runner = createResponder({
    clock,
    random,
    store,
    vault: options.vault?.(range, clock) ?? memoryVault(),
    settings: { ...rehearsedSettings, evidence: EVIDENCE_ACCOUNT, ...options.settings?.(range) },
    playbooks: options.playbooks,
    ...(options.registry === undefined ? {} : { registry: options.registry }),
    owner: "drill",
    clients: clientsOf(range, clock, random),
    evidence: evidenceClientsOf(range, clock, random),
    onCall: (call) => calls.push(call),
    onEvent: (event) => {
      options.onEvent?.(event);
      approvals.see(event, runner);
    },
  });
  const rehearsal: Rehearsal = { options, clock, range, store, runner, calls };
  try {
    return await clock.run(() => rehearse(rehearsal));
  } finally {
    if (!options.store) store.close();
  }
}

/** Clients for the range, one set per region, under Cordon's own role there. */
export function clientsOf(
  range: Range,
  clock: SimulatedClock,
  random: () => number,
): Parameters<typeof createResponder>[0]["clients"] {
  const { accessKeyId, secretAccessKey, sessionToken } = range.responder;
  const sets = new Map<string, ReturnType<typeof createClients>>();
  const limiter = localLimiter(clock);
  const lanes = new Lanes();
  return ({ account, region }) => {
    const known = sets.get(`${account} ${region}`);
    if (known) return known;
    const set = createClients({
      region,
      credentials: { accessKeyId, secretAccessKey, sessionToken },
      requestHandler: range.requestHandler(),
      clock,
      random,
      caller: range.responder.roleArn,
      limits: { limiter, lanes, account },
    });
    sets.set(`${account} ${region}`, set);
    return set;
  };
}

/** Clients of the account that keeps the evidence: one set per Region, under Cordon's role there. */
function evidenceClientsOf(
  range: Range,
  clock: SimulatedClock,
  random: () => number,
): (target: Pick<Target, "region">) => ReturnType<typeof createClients> {
  const sets = new Map<string, ReturnType<typeof createClients>>();
  return ({ region }) => {
    const known = sets.get(region);
    if (known) return known;
    const { accessKeyId, secretAccessKey, sessionToken, roleArn } = roleIn(
      range.world.place(EVIDENCE_ACCOUNT.account, region),
    );
    const set = createClients({
      region,
      credentials: { accessKeyId, secretAccessKey, sessionToken },
      requestHandler: range.requestHandler(),
      clock,
      random,
      caller: roleArn,
    });
    sets.set(region, set);
    return set;
  };
}

/** Nothing outside this process is touched. */
const handsNothingOver: HandOver = {
  send: () => Promise.reject(new TypeError("a drill has no routes that hand over")),
};

async function rehearse(rehearsal: Rehearsal): Promise<DrillReport> {
  const { options, clock, range, runner, store } = rehearsal;
  const life = new AbortController();
  const before = range.snapshot();
  range.start(life.signal);
  await clock.sleep(UNNOTICED_MS);
  const receivedAt = clock.now();
  if (options.onSecond) void everySecond(rehearsal, receivedAt, life.signal);
  const cases = await receiveAll(rehearsal);
  const signal = life.signal;
  await Promise.all(cases.map((id) => runner.work(id, { signal, until: receivedAt + OBSERVED_MS })));
  if (cases.length === 0) await clock.sleep(OBSERVED_MS);
  const observedUntil = clock.now();
  const contained = await Promise.all(cases.map(async (id) => structuredClone(await runner.load(id))));
  const attackers = range.attackers().map((each) => ({ ...pick(each), successes: each.succeededAt(0) }));
  const after = options.release === true && cases.length > 0 ? await releaseAll(rehearsal, cases, signal) : null;
  const afterRelease = range
    .attackers()
    .filter(({ kind }) => kind === "attacker")
    .map(({ name, succeededAt }) => ({ name, times: succeededAt(observedUntil).length }));
  life.abort(new Error("the drill is over"));
  return describeDrill({
    rehearsal,
    receivedAt,
    observedUntil,
    cases: await Promise.all(
      contained.map(async (state) => {
        const events = await store.read(state.id, 0);
        return { contained: state, state: await runner.load(state.id), events, journal: verifyJournal(events) };
      }),
    ),
    attackers,
    afterRelease,
    before,
    after,
  });
}

/** Releases every case, side by side, and gives the account as it is then. */
async function releaseAll(
  { range, clock, runner }: Rehearsal,
  cases: readonly string[],
  signal: AbortSignal,
): Promise<ReturnType<Range["snapshot"]>> {
  await Promise.all(
    cases.map((id) => runner.append(id, [{ type: "release.asked", reason: "the drill is over" }], approver)),
  );
  await Promise.all(cases.map((id) => runner.work(id, { signal })));
  const after = range.snapshot();
  await clock.sleep(AFTER_RELEASE_MS);
  return after;
}

function pick({ name, kind }: Attacker): Pick<Attacker, "name" | "kind"> {
  return { name, kind };
}

async function everySecond(
  { options, clock, range }: Rehearsal,
  receivedAt: number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(1000, signal).catch(() => {});
    if (!signal.aborted) options.onSecond?.(range, clock.now() - receivedAt);
  }
}

/** What the intake does with the scenario's findings; a person's order where there is none. */
async function receiveAll(rehearsal: Rehearsal): Promise<readonly string[]> {
  const { range, clock, store, runner, options } = rehearsal;
  const { routes, exempt, playbook, automaticContainmentsPerHour: automaticPerHour } = readConfig(null, {});
  const policy =
    options.playbook === undefined
      ? policyOf({ routes, exempt, playbook }, options.playbooks)
      : policyOfPlaybook(options.playbook, options.playbooks);
  const random = seededRandom(options.seed + 1);
  const tools = { runner, store, clock, random, owner: "drill", automaticPerHour, handOver: handsNothingOver };
  const read = range.events().map((event) => readGuardDuty(JSON.stringify(event), { file: "event" }));
  const dispositions = read.flatMap(({ findings, tags }) =>
    findings.flatMap((finding) => dispositionsOf(finding, tags.get(finding) ?? {}, policy)),
  );
  const isManual = dispositions.length === 0;
  const who = isManual
    ? { orderedBy: starter.id, actor: starter }
    : { orderedBy: null, actor: { kind: "cordon", id: "intake", channel: "engine" } as const };
  const ids = new Set<string>();
  for (const disposition of isManual ? dispositionsOf(manualOf(rehearsal), {}, policy) : dispositions) {
    if (disposition.kind === "unplaced") continue;
    const taken = await takeIn(disposition, who, tools);
    if (taken.kind === "cases") taken.cases.forEach(({ caseId }) => ids.add(caseId));
  }
  return [...ids];

  function manualOf({ range: { scenario } }: Rehearsal): Finding {
    const [target] = scenario.targets;
    if (!target) throw new TypeError(`the scenario ${scenario.id} has no target`);
    const instanceIds = scenario.targets.map(({ instanceId }) => instanceId);
    const { account, region } = target;
    return manualFinding({
      instanceIds,
      remoteAddresses: [],
      person: starter.id,
      account,
      region,
      now: clock.now(),
      command: "drill",
    });
  }
}

/** The person who decides in a rehearsal: approves the stages he was told to, after thinking about it. */
class Approvals {
  readonly #stages: ReadonlySet<string>;
  readonly #clock: SimulatedClock;

  constructor(stages: readonly string[], clock: SimulatedClock) {
    this.#stages = new Set(stages);
    this.#clock = clock;
  }

  see({ body, case: caseId }: JournalEvent, runner: LocalRunner): void {
    if (body.type !== "approval.asked" || !this.#stages.has(body.stage)) return;
    void this.#decide(runner, { caseId, stage: body.stage, of: body.of, hash: body.hash });
  }

  async #decide(
    runner: LocalRunner,
    { of, ...read }: { readonly caseId: string; readonly stage: string; readonly of: string; readonly hash: string },
  ): Promise<void> {
    await this.#clock.sleep(THINKING_MS);
    const wish = { ...read, decision: "approve", reason: null, by: approver } as const;
    await decideStage(runner, wish, { [of]: [approver.id] }).catch((error: unknown) => {
      // Asked again while the person was thinking: they read the new question, and decide that one.
      if (!(error instanceof CordonError && error.code === "approval_changed")) throw error;
    });
  }
}
