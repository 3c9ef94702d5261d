import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { createResponder, registry } from "../../src/cli/compose.ts";
import { policyOf } from "../../src/cli/policy.ts";
import { readConfig } from "../../src/config/read.ts";
import type { CaseState } from "../../src/core/case.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import type { Finding } from "../../src/core/finding.ts";
import type { Actor } from "../../src/core/journal.ts";
import type { HandedOver } from "../../src/core/route.ts";
import { dispositionsOf } from "../../src/intake/dispositions.ts";
import { readPlaybook } from "../../src/playbooks/read.ts";
import { seededRandom } from "../../src/range/world/random.ts";
import { takeIn } from "../../src/runners/intake.ts";
import { openSqlite } from "../../src/store/sqlite.ts";
import { memoryVault } from "../../src/vault/memory.ts";
import { finding } from "./handed-over.ts";

/** A file for a store of its own, until the test ends. A hook for all tests of a file would end what other files still use. */
export function freshFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "cordon-reception-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "store.db");
}

const START = Date.parse("2026-01-15T12:00:00.000Z");
const playbook = (id: string, answers: string, more: string) =>
  readPlaybook(`id: ${id}\ntitle: T\nanswers: [${answers}]\n${more}`, { file: id, steps: registry.values() });
const stage =
  "{ id: cut, approval: { of: responders, within: 15m, on_timeout: proceed }, steps: [contain.security-groups] }";
const playbooks = [
  playbook(
    "cut",
    '"Backdoor:EC2/*", "Recon:EC2/*", "AttackSequence:EC2/*", "Manual:EC2/*"',
    `autonomy: confirmed\nstages: [${stage}]`,
  ),
  playbook("other", "", `autonomy: suspected\nstages: [{ id: cut, steps: [contain.security-groups] }]`),
];

const engine: Actor = { kind: "cordon", id: "intake", channel: "engine" };
/** A person who gives orders. */
export const ada: Actor = { kind: "person", id: "ada", channel: "cli" };

interface Life {
  readonly owner?: string;
  /** The text of its cordon.yaml. */
  readonly config?: string;
  readonly seed?: number;
}

function programOn(path: string, { owner = "one", config = "", seed = 1 }: Life) {
  const clock = new SimulatedClock(START);
  const store = openSqlite(path, { hold: () => clock.hold() });
  const settings = readConfig(config, {});
  const runner = createResponder({
    clock,
    random: seededRandom(seed),
    store,
    vault: memoryVault(),
    settings,
    playbooks,
    owner,
    clients: () => {
      throw new TypeError("nothing may call AWS here");
    },
  });
  const automaticPerHour = settings.automaticContainmentsPerHour;
  const tools = { runner, store, clock, random: seededRandom(seed + 1), owner, automaticPerHour };
  return { clock, store, runner, settings, tools };
}

/** One process on a store: it takes findings in, and nothing acts on the cases. */
export function processOn(path: string, life: Life = {}) {
  const { clock, store, runner, settings, tools: reception } = programOn(path, life);
  const sent: HandedOver[] = [];
  let refuses = false;
  const tools = {
    ...reception,
    handOver: {
      send: async (_: unknown, document: HandedOver) => {
        if (refuses) throw new Error("it is down");
        sent.push(document);
        return "taken";
      },
    },
  };
  const take = async (one: Finding, { by = engine, tags = {} } = {}) => {
    const who = { orderedBy: by.kind === "person" ? by.id : null, actor: by };
    const taken = [];
    for (const disposition of dispositionsOf(one, tags, policyOf(settings, playbooks)))
      taken.push(await takeIn(disposition, who, tools));
    return taken;
  };
  const ids = async (): Promise<readonly string[]> => store.cases();
  const cases = async (): Promise<readonly CaseState[]> => Promise.all((await ids()).map((id) => runner.load(id)));
  return {
    clock,
    store,
    runner,
    sent,
    cases,
    refuse: (how: boolean) => {
      refuses = how;
    },
    /** What came of each instance: opened, joined, known; or what happened to the finding. */
    take: async (one: Partial<Finding> = {}, options: Parameters<typeof take>[1] = {}) =>
      (await clock.run(() => take({ ...finding, ...one }, options))).flatMap((each) =>
        each.kind === "cases" ? each.cases.map(({ how }) => how) : [each.kind],
      ),
    release: async () => {
      for (const id of await ids())
        await clock.run(() => runner.append(id, [{ type: "release.asked", reason: "over" }], ada));
    },
  };
}

/** A time after the start, as findings write it. */
export const later = (minutes: number): string => new Date(START + minutes * 60_000).toISOString();
/** An instance id with a number in it. */
export const instance = (number: number): string => `i-${String(number).padStart(17, "0")}`;
