import { CordonError } from "../../core/errors.ts";
import type { Playbook } from "../../core/playbook.ts";
import { scenarios, START_OF_SIMULATED_TIME_MS } from "../../range/range.ts";
import type { Variant } from "../../range/scenarios/scenario.ts";
import { runDrill } from "../drill/run.ts";
import type { DrillReport } from "../drill/report.ts";
import { Narration } from "../render/narration.ts";
import { scorecard } from "../render/scorecard.ts";

export interface DrillFlags {
  readonly scenario: string;
  readonly seed: number;
  readonly variants: readonly string[];
  /** The playbook that is rehearsed; null for the one that answers the finding. */
  readonly playbook: string | null;
  /** Stages to approve; null for those that the scenario suggests. */
  readonly approve: readonly string[] | null;
  readonly release: boolean;
  /** Simulated seconds per real one; null lets time jump. */
  readonly speed: number | null;
  readonly output: "table" | "json" | "jsonl" | "yaml";
  readonly quiet: boolean;
}

export interface DrillStreams {
  readonly out: (text: string) => void;
  readonly narrate: (text: string) => void;
  readonly isColoured: boolean;
}

/** The attackers live this long before the finding arrives. */
const UNNOTICED_MS = 30_000;

/** Runs a drill and prints it. The exit code says whether the drill was passed: 0, or 3 for one that lost. */
export async function drill(flags: DrillFlags, playbooks: readonly Playbook[], streams: DrillStreams): Promise<number> {
  const summary = scenarios.find(({ id }) => id === flags.scenario);
  if (!summary) refuse(`Scenario ${flags.scenario}`, `expected one of ${scenarios.map(({ id }) => id).join(", ")}`);
  const unknown = flags.variants.find((variant) => !summary.variants.some((known) => known === variant));
  if (unknown !== undefined) refuse(`Variant ${unknown}`, `${summary.id} has ${summary.variants.join(", ") || "none"}`);
  if (flags.playbook !== null && !playbooks.some(({ id }) => id === flags.playbook))
    refuse(`Playbook ${flags.playbook}`, `expected one of ${playbooks.map(({ id }) => id).join(", ")}`);
  const stages = new Set(playbooks.flatMap((playbook) => playbook.stages.map(({ id }) => id)));
  const stranger = flags.approve?.find((stage) => !stages.has(stage));
  if (stranger !== undefined) refuse(`Stage ${stranger}`, `the playbooks have ${[...stages].toSorted().join(", ")}`);
  const isLive = flags.output === "table" && !flags.quiet;
  if (isLive) streams.narrate(`${summary.title}\n${summary.description}\n\n`);
  const receivedAt = START_OF_SIMULATED_TIME_MS + UNNOTICED_MS;
  const narration = new Narration(receivedAt);
  const report = await runDrill({
    scenario: flags.scenario,
    seed: flags.seed,
    playbooks,
    variants: flags.variants as readonly Variant[],
    release: flags.release,
    ...(flags.playbook === null ? {} : { playbook: flags.playbook }),
    ...(flags.approve === null ? {} : { approve: flags.approve }),
    ...(flags.speed === null ? {} : { speed: flags.speed }),
    onEvent: (event) => {
      if (isLive) for (const line of narration.lines(event)) streams.narrate(`${line}\n`);
    },
  });
  streams.out(await printed(report, flags.output, streams.isColoured));
  return isPassed(report) ? 0 : 3;
}

async function printed(report: DrillReport, output: DrillFlags["output"], isColoured: boolean): Promise<string> {
  switch (output) {
    case "json":
      return `${JSON.stringify(report.result, null, 2)}\n`;
    case "jsonl":
      return `${JSON.stringify(report.result)}\n`;
    case "yaml":
      return (await import("yaml")).stringify(report.result);
    case "table":
      return scorecard(report, { isColoured });
    default:
      return output satisfies never;
  }
}

/** A drill is lost when Cordon was wrong or left something undone; `partial` with every attacker cut is neither. */
function isPassed({ result, breaches }: DrillReport): boolean {
  if (result.score === 0 || breaches.length > 0 || !result.journal.verified) return false;
  return result.released?.ok !== false && result.checks.every(({ kind, ok }) => ok || kind === "record");
}

function refuse(what: string, reason: string): never {
  throw new CordonError("input_invalid", { what, reason, command: "drill" });
}
