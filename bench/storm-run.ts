import { setMaxListeners } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClients, type ClientSet } from "../src/aws/clients.ts";
import { Lanes } from "../src/aws/lanes.ts";
import { localLimiter } from "../src/aws/limiter.ts";
import { createResponder } from "../src/cli/compose.ts";
import { policyOfPlaybook } from "../src/cli/policy.ts";
import { rehearsedSettings } from "../src/cli/drill/run.ts";
import { SimulatedClock } from "../src/core/clock.ts";
import type { JournalEvent } from "../src/core/journal.ts";
import type { Playbook } from "../src/core/playbook.ts";
import { dispositionsOf } from "../src/intake/dispositions.ts";
import { readGuardDuty } from "../src/intake/guardduty.ts";
import { createFleet, type Fleet, type FleetOptions } from "../src/range/fleet.ts";
import { START_OF_SIMULATED_TIME_MS } from "../src/range/range.ts";
import { seededRandom } from "../src/range/world/random.ts";
import { takeIn } from "../src/runners/intake.ts";
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
  onEvent?(event: JournalEvent): void;
}

/**
 * Finds a whole fleet compromised in the same second, and responds to all of it at once in one process, as the server does:
 * one case for each instance, one limiter for all. The limit of automatic containments per hour is lifted: no count is kept.
 */
export async function runStorm(options: StormOptions): Promise<StormResult> {
  const { playbook, answersAfterMs } = options;
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
  const runner: LocalRunner = createResponder({
    clock,
    random,
    store,
    vault: memoryVault(),
    settings: rehearsedSettings,
    playbooks: [playbook],
    owner: "storm",
    clients: clientsOf(fleet, clock, random),
    onCall: (call) => record.called(call),
    onEvent: (event) => {
      record.happened(event);
      responder?.see(event, runner);
      options.onEvent?.(event);
    },
  });
  const begin = performance.now();
  try {
    await clock.run(async () => {
      const life = new AbortController();
      setMaxListeners(0, life.signal); // Each case listens once.
      void lookAtMemory(record, clock, life.signal);
      const cases = await receiveAll(fleet, { runner, store, clock, playbook });
      await Promise.all(cases.map((id) => runner.work(id, { signal: life.signal, waitForPeople: responder !== null })));
      life.abort(new Error("the storm is over"));
    });
  } finally {
    store.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return record.result(fleet, { wallMs: performance.now() - begin });
}

/** A folder that is no disk, where there is one: time stands still while the store writes, and the disk is not what is measured. */
function inMemory(): string {
  return existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
}

function clientsOf(
  fleet: Fleet,
  clock: SimulatedClock,
  random: () => number,
): (target: { readonly account: string; readonly region: string }) => ClientSet {
  const sets = new Map<string, ClientSet>();
  const limiter = localLimiter(clock);
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
  fleet: Fleet,
  {
    playbook,
    ...tools
  }: { runner: LocalRunner; store: ReturnType<typeof openSqlite>; clock: SimulatedClock; playbook: Playbook },
): Promise<readonly string[]> {
  const policy = policyOfPlaybook(playbook.id, [playbook]);
  const who = { orderedBy: null, actor: { kind: "cordon", id: "intake", channel: "engine" } } as const;
  const send = (): Promise<never> => Promise.reject(new TypeError("a storm hands nothing over"));
  const intake = { ...tools, random: seededRandom(SEED + 1), owner: "storm", handOver: { send } };
  const received = await Promise.all(
    fleet.events.map(async (event) => {
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
