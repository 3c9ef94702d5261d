import { expect, test } from "vitest";
import type { Containment } from "../../src/core/containment.ts";
import { verifyJournal } from "../../src/core/journal.ts";
import type { FaultRule } from "../../src/range/faults.ts";
import {
  askRelease,
  createLaboratory,
  cutAndProve,
  type Laboratory,
  type Life,
  type LifeOptions,
  openCase,
} from "./harness.ts";

const playbook = cutAndProve();

/** What a whole job came to, with what differs between two runs of the same (times) left out. */
interface Ending {
  readonly contained: Containment["contained"];
  readonly sealed: string;
  readonly released: string;
  readonly status: string;
  readonly changes: readonly string[];
  readonly lives: number;
  readonly calls: number;
  readonly appends: number;
}

interface Trouble {
  readonly fault?: FaultRule;
  readonly life?: LifeOptions;
}

/** Contains and releases, with as many lives as it takes. */
async function wholeJob({ fault, life: firstLife = {} }: Trouble): Promise<Ending> {
  const laboratory = createLaboratory({ scenario: "c2-beacon", seed: 7, playbook });
  if (fault) laboratory.range.faults.inject(fault);
  try {
    return await laboratory.clock.run(async () => {
      const seen = { contained: null as Ending["contained"] | null, sealed: "" };
      let lives = 1;
      for (let life = laboratory.live(firstLife); ; life = laboratory.live({ isDead: () => true })) {
        const outcome = await Promise.race([oneLife(laboratory, life, seen), life.death.then(() => "died" as const)]);
        if (outcome === "done") break;
        lives += 1;
      }
      return endingOf(laboratory, { ...seen, lives });
    });
  } finally {
    laboratory.close();
  }
}

/** What somebody who starts the program again does: go on with the case there is, or open it. */
async function oneLife(
  laboratory: Laboratory,
  life: Life,
  seen: { contained: Ending["contained"] | null; sealed: string },
): Promise<"done"> {
  const [known] = await laboratory.store.cases();
  const caseId = known ?? (await openCase(laboratory, life, playbook));
  const { signal } = laboratory;
  if (!(await life.runner.load(caseId)).release) {
    const state = await life.runner.work(caseId, { signal });
    seen.contained = state.assessments.at(-1)?.contained ?? null;
    seen.sealed = account(laboratory);
    await askRelease(life, caseId);
  }
  await life.runner.work(caseId, { signal });
  return "done";
}

function account({ range }: Laboratory): string {
  return JSON.stringify(range.snapshot(), null, 1).replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME");
}

async function endingOf(
  laboratory: Laboratory,
  seen: { contained: Ending["contained"] | null; sealed: string; lives: number },
): Promise<Ending> {
  const [caseId = ""] = await laboratory.store.cases();
  const events = await laboratory.events(caseId);
  const verdict = verifyJournal(events);
  expect(verdict.ok).toBe(true);
  const state = await laboratory.live().runner.load(caseId);
  return {
    contained: seen.contained ?? false,
    sealed: seen.sealed,
    released: account(laboratory),
    status: state.release?.ended ?? "not released",
    changes: [...state.changes.values()].map(({ change, state: at }) => `${change.id} ${at}`).toSorted(),
    lives: seen.lives,
    calls: laboratory.range.calls.length,
    appends: new Set(events.map(({ time }) => time)).size,
  };
}

const undisturbed = await wholeJob({});

test("the undisturbed job contains, releases, and leaves every change reverted", () => {
  expect(undisturbed.contained).not.toBe(false);
  expect(undisturbed.status).toBe("released");
  expect(undisturbed.changes.filter((line) => !line.endsWith(" reverted"))).toEqual([]);
  expect(undisturbed.lives).toBe(1);
});

/** The same end, whatever happened on the way. */
function expectSameEnd(ending: Ending): void {
  const { contained, sealed, released, status, changes } = undisturbed;
  expect({ ...ending, calls: 0, appends: 0, lives: 0 }).toEqual({
    contained,
    sealed,
    released,
    status,
    changes,
    calls: 0,
    appends: 0,
    lives: 0,
  });
}

for (const kind of ["crash-before", "crash-after"] as const) {
  test(
    `a process that dies at any call to AWS (${kind}) is followed by one that ends the same`,
    { timeout: 300_000 },
    async () => {
      let deaths = 0;
      for (
        let ending = await wholeJob({ fault: { kind, nth: 1 } });
        ending.lives > 1;
        ending = await wholeJob({ fault: { kind, nth: deaths + 1 } })
      ) {
        expectSameEnd(ending);
        deaths += 1;
      }
      expect(deaths).toBe(undisturbed.calls);
    },
  );
}

for (const when of ["before", "after"] as const) {
  test(
    `a process that dies ${when} any commit of its journal is followed by one that ends the same`,
    { timeout: 300_000 },
    async () => {
      let deaths = 0;
      const dying = (nth: number): Promise<Ending> => wholeJob({ life: { diesAtAppend: { nth, when } } });
      for (let ending = await dying(1); ending.lives > 1; ending = await dying(deaths + 1)) {
        expectSameEnd(ending);
        deaths += 1;
      }
      expect(deaths).toBeGreaterThan(20);
    },
  );
}

/** How long after the first process stopped the second one began to work on its case, in simulated milliseconds. */
async function takeover(
  isDead?: (owner: string) => boolean,
): Promise<{ readonly afterMs: number; readonly contained: Containment["contained"] }> {
  const laboratory = createLaboratory({ scenario: "c2-beacon", seed: 7, playbook });
  laboratory.range.faults.inject({ kind: "crash-before", operation: "ModifyNetworkInterfaceAttribute" });
  try {
    return await laboratory.clock.run(async () => {
      const { clock, signal } = laboratory;
      const first = laboratory.live();
      const caseId = await openCase(laboratory, first, playbook);
      void first.runner.work(caseId, { signal });
      await first.death;
      const diedAt = clock.now();
      const known = (await laboratory.events(caseId)).length;
      const second = laboratory.live(isDead ? { isDead } : {});
      const state = await second.runner.work(caseId, { signal });
      const next = (await laboratory.events(caseId))[known];
      return {
        afterMs: Date.parse(next?.time ?? "") - diedAt,
        contained: state.assessments.at(-1)?.contained ?? false,
      };
    });
  } finally {
    laboratory.close();
  }
}

test("another process takes a case over when its owner's lease has ended, not before", async () => {
  const { afterMs, contained } = await takeover();
  expect(afterMs).toBeGreaterThan(29_000);
  expect(afterMs).toBeLessThan(31_000);
  expect(contained).toBe("sealed");
});

test("it takes over at once from an owner that is known to be dead, and from no other", async () => {
  expect((await takeover((owner) => owner === "life-1")).afterMs).toBeLessThan(1000);
  expect((await takeover((owner) => owner === "life-9")).afterMs).toBeGreaterThan(29_000);
});

test("two processes that both live on one case never act on it at the same time", async () => {
  const laboratory = createLaboratory({ scenario: "c2-beacon", seed: 7, playbook });
  try {
    await laboratory.clock.run(async () => {
      const { signal } = laboratory;
      const [first, second] = [laboratory.live(), laboratory.live()];
      const caseId = await openCase(laboratory, first, playbook);
      await Promise.all([first.runner.work(caseId, { signal }), second.runner.work(caseId, { signal })]);
      const events = await laboratory.events(caseId);
      expect(verifyJournal(events).ok).toBe(true);
      const started = events.flatMap(({ body }) =>
        body.type === "act.started" ? [`${body.verb} ${body.change}`] : [],
      );
      expect(started).toEqual([...new Set(started)]);
      expect(new Set(events.flatMap(({ body }) => (body.type === "act.started" ? [body.owner] : []))).size).toBe(1);
    });
  } finally {
    laboratory.close();
  }
});
