import { expect, test } from "vitest";
import { verifyJournal } from "../../src/core/journal.ts";
import type { FaultRule } from "../../src/range/faults.ts";
import { createLaboratory, type Laboratory, openCase, shippedPlaybook } from "./harness.ts";

const playbook = shippedPlaybook("compromised-instance");

/** Every so many calls the process dies: all of them would take an hour. Each step's contract goes through all of its own. */
const EVERY = 11;

interface Ending {
  readonly contained: unknown;
  readonly evidence: readonly string[];
  readonly snapshots: number;
  readonly changes: readonly string[];
  readonly lives: number;
  readonly calls: number;
}

/** The whole playbook, with as many lives as it takes; ends when the case is settled but for what asks people. */
async function contain(fault?: FaultRule): Promise<Ending> {
  const laboratory = createLaboratory({ scenario: "c2-beacon", seed: 7, playbook });
  if (fault) laboratory.range.faults.inject(fault);
  try {
    return await laboratory.clock.run(async () => {
      let lives = 1;
      for (let life = laboratory.live(); ; life = laboratory.live({ isDead: () => true })) {
        const work = async (): Promise<"done"> => {
          const [known] = await laboratory.store.cases();
          const caseId = known ?? (await openCase(laboratory, life, playbook));
          await life.runner.work(caseId, { signal: laboratory.signal });
          return "done";
        };
        if ((await Promise.race([work(), life.death.then(() => "died" as const)])) === "done") break;
        lives += 1;
      }
      return endingOf(laboratory, lives);
    });
  } finally {
    laboratory.close();
  }
}

async function endingOf(laboratory: Laboratory, lives: number): Promise<Ending> {
  const [caseId = ""] = await laboratory.store.cases();
  const events = await laboratory.events(caseId);
  expect(verifyJournal(events).ok).toBe(true);
  const state = await laboratory.live().runner.load(caseId);
  const [target] = laboratory.range.scenario.targets;
  const { region } = laboratory.range.world.place(target?.account ?? "", target?.region ?? "");
  return {
    contained: state.assessments.at(-1)?.contained,
    evidence: state.artifacts
      .filter(({ item }) => item !== null)
      .map(({ id }) => id)
      .toSorted(),
    snapshots: region.snapshots.size,
    changes: [...state.changes.values()].map(({ change, state: at }) => `${change.id} ${at}`).toSorted(),
    lives,
    calls: laboratory.range.calls.length,
  };
}

const undisturbed = await contain();

test("the undisturbed playbook saves each volume once", () => {
  expect(undisturbed.contained).toBe("sealed"); // CloudTrail has not delivered the history of the rules.
  expect(undisturbed.lives).toBe(1);
  expect(undisturbed.snapshots).toBe(1);
  expect(undisturbed.evidence.map((id) => id.split("/")[0])).toEqual([
    ...Array.from({ length: 6 }, () => "preserve.cloudtrail-activity"), // One for each way of looking.
    "preserve.console-output",
    "preserve.console-screenshot",
    "preserve.instance-metadata",
    "preserve.volume-snapshots",
  ]);
});

for (const kind of ["crash-before", "crash-after"] as const) {
  test(
    `a process that dies (${kind}) on the way leaves no gap in the evidence, and no double`,
    { timeout: 300_000 },
    async () => {
      let deaths = 0;
      for (let nth = kind === "crash-before" ? 1 : 6; nth < undisturbed.calls; nth += EVERY) {
        const ending = await contain({ kind, nth });
        expect({ ...ending, lives: 1, calls: undisturbed.calls }, `${kind} of call ${nth}`).toEqual(undisturbed);
        deaths += ending.lives - 1;
      }
      expect(deaths).toBeGreaterThan(5);
    },
  );
}

test.each(["crash-before", "crash-after"] as const)(
  "neither does one that dies (%s) as it asks for the snapshots",
  async (kind) => {
    const ending = await contain({ kind, operation: "CreateSnapshots" });
    expect(ending.lives).toBe(2);
    expect({ ...ending, lives: 1, calls: undisturbed.calls }).toEqual(undisturbed);
  },
);
