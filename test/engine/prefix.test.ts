import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { verifyJournal } from "../../src/core/journal.ts";
import type { Playbook } from "../../src/core/playbook.ts";
import {
  createLaboratory,
  cutAndProve,
  type Laboratory,
  type LifeOptions,
  openCase,
  shippedPlaybook,
} from "./harness.ts";

const SEED = 20_260_301;

/** What a case came to, without what another run of the same writes otherwise: times, and the ids that AWS gives. */
interface Ending {
  readonly contained: unknown;
  readonly account: string;
  readonly changes: readonly string[];
  readonly evidence: readonly string[];
  readonly appends: number;
  readonly lives: number;
}

type Cut = NonNullable<LifeOptions["diesAtAppend"]>;

/**
 * Works on a case until it is settled. With cuts, each process dies at one of its appends, so that its successor has
 * a prefix of the journal and nothing else to go by.
 */
async function settle(playbook: Playbook, cuts: readonly Cut[]): Promise<Ending> {
  const laboratory = createLaboratory({ scenario: "c2-beacon", seed: 7, playbook });
  try {
    return await laboratory.clock.run(async () => {
      let lives = 0;
      for (let isDone = false; !isDone;) {
        const diesAtAppend = cuts[lives];
        const life = laboratory.live({ isDead: () => true, ...(diesAtAppend ? { diesAtAppend } : {}) });
        lives += 1;
        const work = async (): Promise<boolean> => {
          const [known] = await laboratory.store.cases();
          const caseId = known ?? (await openCase(laboratory, life, playbook));
          await life.runner.work(caseId, { signal: laboratory.signal });
          return true;
        };
        isDone = await Promise.race([work(), life.death.then(() => false)]);
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
  return {
    contained: state.assessments.at(-1)?.contained,
    account: JSON.stringify(laboratory.range.snapshot())
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
      .replaceAll(/\b(snap|sgr|rtbassoc|aclassoc|iip-assoc)-[0-9a-f]+/g, "$1"),
    changes: [...state.changes.values()].map(({ change, state: at }) => `${change.id} ${at}`).toSorted(),
    evidence: state.artifacts
      .flatMap(({ id, item }) => (item === null ? [] : [id.replace(/snap-[0-9a-f]+/, "snap")]))
      .toSorted(),
    appends: new Set(events.map(({ time }) => time)).size,
    lives,
  };
}

/** Where the first process is cut off, and where the ones after it are, if they get that far. */
function cutsWithin(appends: number): fc.Arbitrary<readonly Cut[]> {
  const when = fc.constantFrom("before" as const, "after" as const);
  const first = fc.record({ nth: fc.integer({ min: 1, max: appends }), when });
  const later = fc.array(fc.record({ nth: fc.integer({ min: 1, max: 8 }), when }), { maxLength: 2 });
  return fc.tuple(first, later).map(([cut, others]) => [cut, ...others]);
}

describe.each([
  ["the cut and its proof", cutAndProve(), 10],
  ["a playbook with evidence", shippedPlaybook("compromised-instance"), 5],
] as const)("any prefix of a journal of %s", (_, playbook, numRuns) => {
  test("and a process that goes on from it end where an undisturbed one ends", { timeout: 300_000 }, async () => {
    const undisturbed = await settle(playbook, []);
    expect(undisturbed.contained).not.toBe(false);
    let deaths = 0;
    await fc.assert(
      fc.asyncProperty(cutsWithin(undisturbed.appends), async (cuts) => {
        const ending = await settle(playbook, cuts);
        deaths += ending.lives - 1;
        expect({ ...ending, lives: 1, appends: undisturbed.appends }).toEqual(undisturbed);
      }),
      { numRuns, seed: SEED },
    );
    expect(deaths).toBeGreaterThanOrEqual(numRuns);
  });
});
