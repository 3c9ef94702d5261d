import { setMaxListeners } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClients, type ClientSet } from "../src/aws/clients.ts";
import { Lanes } from "../src/aws/lanes.ts";
import { leasedLimiter, type Limiter, localLimiter } from "../src/aws/limiter.ts";
import { createResponder } from "../src/cli/compose.ts";
import { policyOfPlaybook } from "../src/cli/policy.ts";
import { rehearsedSettings } from "../src/cli/drill/run.ts";
import { SimulatedClock } from "../src/core/clock.ts";
import type { JournalEvent } from "../src/core/journal.ts";
import type { Store } from "../src/core/store.ts";
import type { Playbook } from "../src/core/playbook.ts";
import { dispositionsOf } from "../src/intake/dispositions.ts";
import { readGuardDuty } from "../src/intake/guardduty.ts";
import { createFleet, type Fleet, type FleetOptions } from "../src/range/fleet.ts";
import { START_OF_SIMULATED_TIME_MS } from "../src/range/range.ts";
import { seededRandom } from "../src/range/world/random.ts";
import { type IntakeTools, takeIn } from "../src/runners/intake.ts";
import type { LocalRunner } from "../src/runners/local.ts";
import { openSqlite } from "../src/store/sqlite.ts";
import { memoryVault } from "../src/vault/memory.ts";
import { StormRecord, type StormResult } from "./storm-record.ts";
import { StormResponder } from "./storm-responder.ts";

const SEED = 1;
const LOOK_AT_MEMORY_EVERY_MS = 1000;

export interface StormOptions extends Pick<FleetOptions, "instances" | "accounts" | "roles" | "foreignCalls"> {
  readonly playbook: Playbook;
  /** How long the person who answers lets a question lie; nobody answers when left out. */
  readonly answersAfterMs?: number;
  /** Over how many processes on one store the cases are spread; one, with AWS's limits for itself, when left out. */
  readonly processes?: number;
  onEvent?(event: JournalEvent): void;
}

/**
 * Finds a whole fleet compromised in the same second, and responds to all of it at once in one process, as the server does:
 * one case for each instance, one limiter for all. The limit of automatic containments per hour is lifted: no count is kept.
 */
export async function runStorm(options: StormOptions): Promise<StormResult> {
  const { playbook, answersAfterMs, processes = 1 } = options;
  const folder = mkdtempSync(join(inMemory(), "cordon-storm-"));
  const clock = new SimulatedClock(START_OF_SIMULATED_TIME_MS);
  const record = new StormRecord(clock);
  const fleet = createFleet({ ...options, seed: SEED, clock, onCall: (call) => record.served(call) });
  const store = openSqlite(join(folder, "store.sqlite"), { hold: () => clock.hold() });
  const random = seededRandom(SEED);
  const responder =
    answersAfterMs === undefined
      ? null
      : new StormResponder(clock, { afterMs: answersAfterMs, onAnswer: () => record.answered() });
  const started = startProcesses(processes, { fleet, clock, store, random, playbook, record, responder, options });
  const begin = performance.now();
  try {
    await clock.run(async () => {
      const life = new AbortController();
      setMaxListeners(0, life.signal); // Each case listens once.
      void lookAtMemory(record, clock, life.signal);
      const waitForPeople = responder !== null;
      await Promise.all(
        started.runners.map(async (runner, index) => {
          const events = fleet.events.filter((_, at) => at % processes === index);
          const intake = {
            runner,
            store,
            clock,
            playbook,
            random: seededRandom(SEED + 1 + index),
            owner: `intake-${index}`,
          };
          const cases = await receiveAll(events, intake);
          await Promise.all(cases.map((id) => runner.work(id, { signal: life.signal, waitForPeople })));
        }),
      );
      await started.close();
      life.abort(new Error("the storm is over"));
    });
  } finally {
    store.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return record.result(fleet, { wallMs: performance.now() - begin });
}

interface Surroundings {
  readonly fleet: Fleet;
  readonly clock: SimulatedClock;
  readonly store: Store;
  readonly random: () => number;
  readonly playbook: Playbook;
  readonly record: StormRecord;
  readonly responder: StormResponder | null;
  readonly options: Pick<StormOptions, "onEvent">;
}

/** One runner for each process, with a limiter of its own: AWS's limits for itself, or the part that it leases. */
function startProcesses(
  count: number,
  around: Surroundings,
): { readonly runners: readonly LocalRunner[]; readonly close: () => Promise<void> } {
  const { clock, store } = around;
  if (count === 1) return { runners: [runnerOf("storm", localLimiter(clock), around)], close: () => Promise.resolve() };
  const limiters = Array.from({ length: count }, (_, index) =>
    leasedLimiter({ clock, store, owner: `storm-${index + 1}`, place: "storm" }),
  );
  return {
    runners: limiters.map((limiter, index) => runnerOf(`storm-${index + 1}`, limiter, around)),
    close: async () => void (await Promise.all(limiters.map((limiter) => limiter.close()))),
  };
}

function runnerOf(owner: string, limiter: Limiter, around: Surroundings): LocalRunner {
  const { fleet, clock, store, random, playbook, record, responder, options } = around;
  const runner: LocalRunner = createResponder({
    clock,
    random,
    store,
    vault: memoryVault(),
    settings: rehearsedSettings,
    playbooks: [playbook],
    owner,
    clients: clientsOf(fleet, { clock, random, limiter }),
    onCall: (call) => record.called(call),
    onEvent: (event) => {
      record.happened(event);
      responder?.see(event, runner);
      options.onEvent?.(event);
    },
  });
  return runner;
}

/** A folder that is no disk, where there is one: time stands still while the store writes, and the disk is not what is measured. */
function inMemory(): string {
  return existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
}

function clientsOf(
  fleet: Fleet,
  {
    clock,
    random,
    limiter,
  }: { readonly clock: SimulatedClock; readonly random: () => number; readonly limiter: Limiter },
): (target: { readonly account: string; readonly region: string }) => ClientSet {
  const sets = new Map<string, ClientSet>();
  const lanes = new Lanes();
  return ({ account, region }) => {
    const known = sets.get(account);
    if (known) return known;
    const { accessKeyId, secretAccessKey, sessionToken, roleArn } = fleet.responderIn(account);
    const set = createClients({
      region,
      credentials: { accessKeyId, secretAccessKey, sessionToken },
      requestHandler: fleet.requestHandler(),
      clock,
      random,
      caller: roleArn,
      limits: { limiter, lanes, account },
    });
    sets.set(account, set);
    return set;
  };
}

/** What the webhook does with each delivery, all in the same second. */
async function receiveAll(
  events: readonly unknown[],
  { playbook, ...tools }: Omit<IntakeTools, "handOver"> & { readonly playbook: Playbook },
): Promise<readonly string[]> {
  const policy = policyOfPlaybook(playbook.id, [playbook]);
  const who = { orderedBy: null, actor: { kind: "cordon", id: "intake", channel: "engine" } } as const;
  const send = (): Promise<never> => Promise.reject(new TypeError("a storm hands nothing over"));
  const intake = { ...tools, handOver: { send } };
  const received = await Promise.all(
    events.map(async (event) => {
      const { findings, tags } = readGuardDuty(JSON.stringify(event), { file: "event" });
      const dispositions = findings.flatMap((finding) => dispositionsOf(finding, tags.get(finding) ?? {}, policy));
      const taken = await Promise.all(dispositions.map((disposition) => takeIn(disposition, who, intake)));
      return taken.flatMap((each) => (each.kind === "cases" ? each.cases.map(({ caseId }) => caseId) : []));
    }),
  );
  return received.flat();
}

async function lookAtMemory(record: StormRecord, clock: SimulatedClock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    record.lookAtMemory(process.memoryUsage().rss);
    await clock.sleep(LOOK_AT_MEMORY_EVERY_MS, signal).catch(() => {});
  }
}
