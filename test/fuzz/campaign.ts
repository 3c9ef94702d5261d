import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect } from "vitest";
import { type Random, seededRandom } from "../../src/range/world/random.ts";
import { budgetOf, type TargetName } from "./budget.ts";
import { watch } from "./watchdog.ts";

/** Something that reads what comes from outside. */
export interface FuzzTarget {
  readonly name: TargetName;
  /** Makes inputs out of real documents. Called once, so that recording them counts once. */
  prepare(): Promise<(random: Random) => Buffer>;
  /** Feeds one input. Throws where what comes of it is neither a value nor an error that says what is wrong. */
  feed(input: Buffer): void | Promise<void>;
}

/** An input that takes longer, by the processor's time, is a fault, though it ends. */
const SLOW_MS = 4000;

/** After so many different faults there is enough to do. */
const MOST_FAULTS = 12;

const regressions = new URL("regressions/", import.meta.url);

/** Feeds a target its share of inputs. Each input that it does not take well is kept, and fails the run. */
export async function expectTakenWell(target: FuzzTarget): Promise<void> {
  const { seed, inputs } = budgetOf(target.name, process.env);
  const mutant = await target.prepare();
  const faults = new Map<string, string>();
  const watchdog = watch(target.name, seed);
  const startedAt = process.cpuUsage();
  try {
    for (let index = 0; index < inputs && faults.size < MOST_FAULTS; index++) {
      watchdog.begins(index);
      const input = mutant(seededRandom(seed + index * 7919));
      const fault = await faultOf(target, input);
      if (fault === null || faults.has(fault.where)) continue;
      faults.set(fault.where, `${fault.what}\n  kept as ${keep(target.name, input)}`);
    }
  } finally {
    await watchdog.end();
  }
  const { user, system } = process.cpuUsage(startedAt);
  const seconds = ((user + system) / 1e6).toFixed(1);
  process.stdout.write(`fuzz ${target.name}: ${inputs} inputs, seed ${seed}, ${seconds} s of CPU\n`);
  expect([...faults.values()].join("\n")).toBe("");
}

/** What is wrong with how a target takes an input, and where in the code it was met. */
interface Fault {
  readonly what: string;
  /** Two faults of one place count as one. */
  readonly where: string;
}

/** Null where nothing is wrong. */
export async function faultOf(target: FuzzTarget, input: Buffer): Promise<Fault | null> {
  const startedAt = process.cpuUsage();
  try {
    await target.feed(input);
  } catch (error) {
    if (!(error instanceof Error)) return { what: `no error was thrown, but ${String(error)}`, where: "no error" };
    const place = /\n\s+at .*(?:src|node_modules)\/.*/.exec(error.stack ?? "")?.[0].trim() ?? error.message;
    return { what: `${error.name}: ${error.message.slice(0, 300)} ${place}`, where: `${error.name} ${place}` };
  }
  const tookMs = process.cpuUsage(startedAt).user / 1000;
  return tookMs > SLOW_MS ? { what: `it took ${Math.round(tookMs / 1000)} s`, where: "slow" } : null;
}

function keep(name: TargetName, input: Buffer): string {
  const folder = new URL(`${name}/`, regressions);
  const file = `${createHash("sha256").update(input).digest("hex").slice(0, 12)}.input`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(file, folder), input);
  return `regressions/${name}/${file}`;
}

/** Inputs that a target once did not take well, by file name. */
export function keptInputs(name: TargetName): readonly { readonly file: string; readonly input: Buffer }[] {
  const folder = new URL(`${name}/`, regressions);
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((file) => ({ file, input: readFileSync(new URL(file, folder)) }));
}

/** Lets an error of the catalogue pass that may come of such an input; any other goes on. */
export function expectCode(error: unknown, ...codes: readonly string[]): void {
  const { code } = error as { readonly code?: unknown };
  if (typeof code !== "string" || !codes.includes(code)) throw error;
}
