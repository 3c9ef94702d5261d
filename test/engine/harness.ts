import { readFileSync } from "node:fs";
import { clientsOf, rehearsedSettings } from "../../src/cli/drill/run.ts";
import { createResponder, registry } from "../../src/cli/compose.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import type { Actor, JournalEvent } from "../../src/core/journal.ts";
import type { Playbook } from "../../src/core/playbook.ts";
import type { Settings } from "../../src/core/settings.ts";
import type { Store } from "../../src/core/store.ts";
import { readGuardDuty } from "../../src/intake/guardduty.ts";
import { judge } from "../../src/intake/triage.ts";
import { readPlaybook } from "../../src/playbooks/read.ts";
import { createRange, type Range, type RangeOptions, START_OF_SIMULATED_TIME_MS } from "../../src/range/range.ts";
import { seededRandom } from "../../src/range/world/random.ts";
import type { LocalRunner } from "../../src/runners/local.ts";
import { receive } from "../../src/runners/reception.ts";
import { openSqlite } from "../../src/store/sqlite.ts";
import { memoryVault } from "../../src/vault/memory.ts";

/** A playbook that Cordon ships. */
export function shippedPlaybook(id: string): Playbook {
  return playbookAt(new URL(`../../playbooks/${id}.yaml`, import.meta.url), id);
}

/** The cut and its proof and nothing else: for tests that go through every one of its calls. */
export function cutAndProve(): Playbook {
  return playbookAt(new URL("cut-and-prove.yaml", import.meta.url), "cut-and-prove");
}

function playbookAt(url: URL, file: string): Playbook {
  return readPlaybook(readFileSync(url, "utf8"), { file, steps: registry.values() });
}

export interface LaboratoryOptions {
  readonly scenario: string;
  readonly seed: number;
  readonly playbook: Playbook;
  readonly range?: Partial<RangeOptions>;
  /** What an operator has set beside the usual. */
  settings?(range: Range): Partial<Settings>;
}

/** One life of the program on the laboratory's store. */
export interface Life {
  readonly owner: string;
  readonly runner: LocalRunner;
  /** Settles when this life was ended; never otherwise. */
  readonly death: Promise<void>;
  /** Ends it as kill -9 does: from this instant it neither calls AWS nor writes anything. */
  end(): void;
}

export interface LifeOptions {
  /** Dies at the n-th append of its life: before it is durable, or after. */
  readonly diesAtAppend?: { readonly nth: number; readonly when: "before" | "after" };
  readonly isDead?: (owner: string) => boolean;
}

export interface Laboratory {
  readonly clock: SimulatedClock;
  readonly range: Range;
  readonly store: Store;
  readonly signal: AbortSignal;
  /** Starts the program; its lives are numbered. */
  live(options?: LifeOptions): Life;
  events(caseId: string): Promise<readonly JournalEvent[]>;
  close(): void;
}

const intake: Actor = { kind: "cordon", id: "intake", channel: "engine" };
const person: Actor = { kind: "person", id: "somebody", channel: "drill" };

/** A range, a store, and any number of programs that die and are followed by others. */
export function createLaboratory(laboratory: LaboratoryOptions): Laboratory {
  const { scenario, seed, playbook, range: rangeOptions } = laboratory;
  const clock = new SimulatedClock(START_OF_SIMULATED_TIME_MS);
  const over = new AbortController();
  const vault = memoryVault();
  const store = openSqlite(":memory:", { hold: () => clock.hold() });
  let present: Life | null = null;
  const range = createRange({ scenario, seed, clock, onCrash: () => present?.end(), ...rangeOptions });
  let lives = 0;
  return {
    clock,
    range,
    store,
    signal: over.signal,
    live: (options = {}) => {
      lives += 1;
      present = begin(
        {
          clock,
          range,
          store,
          vault,
          playbook,
          seed,
          owner: `life-${lives}`,
          settings: { ...rehearsedSettings, ...laboratory.settings?.(range) },
        },
        options,
      );
      return present;
    },
    events: (caseId) => store.read(caseId, 0),
    close: () => {
      over.abort(new Error("the laboratory closes"));
      store.close();
    },
  };
}

interface Surroundings {
  readonly clock: SimulatedClock;
  readonly range: Range;
  readonly store: Store;
  readonly vault: ReturnType<typeof memoryVault>;
  readonly playbook: Playbook;
  readonly seed: number;
  readonly owner: string;
  readonly settings: Settings;
}

function begin(
  { clock, range, store, vault, playbook, seed, owner, settings }: Surroundings,
  options: LifeOptions,
): Life {
  let isOver = false;
  let tellDeath = (): void => {};
  const death = new Promise<void>((resolve) => {
    tellDeath = resolve;
  });
  const random = seededRandom(seed);
  const end = (): void => {
    isOver = true;
    runner.kill();
    tellDeath();
  };
  const mortalRange: Range = {
    ...range,
    requestHandler: () => {
      const handler = range.requestHandler();
      return { ...handler, handle: (...request) => (isOver ? new Promise(() => {}) : handler.handle(...request)) };
    },
  };
  const runner = createResponder({
    clock,
    random,
    store: mortal(store, () => isOver, { end, diesAtAppend: options.diesAtAppend }),
    vault: mortal(vault, () => isOver, { end }),
    settings,
    playbooks: [playbook],
    owner,
    clients: clientsOf(mortalRange, clock, random),
    ...(options.isDead ? { isDead: options.isDead } : {}),
  });
  return { owner, runner, death, end };
}

interface Death {
  readonly diesAtAppend?: LifeOptions["diesAtAppend"];
  readonly end: () => void;
}

/** What a dead process asks of a store or a vault is never answered, and has no effect. */
function mortal<Port extends object>(port: Port, isOver: () => boolean, { end, diesAtAppend }: Death): Port {
  let appends = 0;
  return new Proxy(port, {
    get(target, name) {
      const member = Reflect.get(target, name) as unknown;
      if (typeof member !== "function") return member;
      return async (...parameters: unknown[]) => {
        if (isOver()) return new Promise(() => {});
        if (name === "append") appends += 1;
        const dies = name === "append" && diesAtAppend?.nth === appends ? diesAtAppend.when : null;
        if (dies === "before") {
          end();
          return new Promise(() => {});
        }
        const result: unknown = await Reflect.apply(member, target, parameters);
        if (dies === "after") end();
        return isOver() ? new Promise(() => {}) : result;
      };
    },
  });
}

/** Opens the case of the scenario's first finding. Returns its id. */
export async function openCase(laboratory: Laboratory, { runner }: Life, playbook: Playbook): Promise<string> {
  const { clock, range, store } = laboratory;
  const finding = range
    .events()
    .flatMap((event) => readGuardDuty(JSON.stringify(event), { file: "event" }).findings)[0];
  if (!finding) throw new TypeError("the scenario emits no finding");
  const tools = { runner, store, clock, random: seededRandom(1), owner: "intake" };
  const received = await receive(
    { finding, judgement: judge(finding), playbook, orderedBy: null, actor: intake },
    tools,
  );
  const [first] = received;
  if (!first) throw new TypeError("nothing was received");
  return first.caseId;
}

export async function askRelease({ runner }: Life, caseId: string): Promise<void> {
  await runner.append(caseId, [{ type: "release.asked", reason: "over" }], person);
}
