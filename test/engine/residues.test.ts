import { expect, it } from "vitest";
import { shippedPlaybooks } from "../../bench/playbooks.ts";
import { createResponder } from "../../src/cli/compose.ts";
import { clientsOf, rehearsedSettings, runDrill } from "../../src/cli/drill/run.ts";
import type { SimulatedClock } from "../../src/core/clock.ts";
import { differences } from "../../src/range/snapshot-difference.ts";
import type { Range } from "../../src/range/range.ts";
import { openSqlite } from "../../src/store/sqlite.ts";
import { memoryVault } from "../../src/vault/memory.ts";

const HOUR_MS = 3_600_000;

it("twelve hours after a release nothing is left of the deny on the role", async () => {
  const store = openSqlite(":memory:");
  const playbooks = shippedPlaybooks();
  const staged: { range?: Range; clock?: SimulatedClock; before?: ReturnType<Range["snapshot"]> } = {};
  await runDrill({
    scenario: "stolen-credentials",
    seed: 3,
    playbooks,
    store,
    release: true,
    prepare: (range, clock) => Object.assign(staged, { range, clock, before: range.snapshot() }),
  });
  const { range, clock, before } = staged;
  if (!range || !clock || before === undefined) throw new Error("the drill staged nothing");
  const policies = (): readonly string[] =>
    differences(before, range.snapshot())
      .map(({ what }) => what)
      .filter((what) => what.includes("inlinePolicies"));
  expect(policies()).toHaveLength(1);

  const runner = createResponder({
    clock,
    random: () => 0.5,
    store,
    vault: memoryVault(),
    settings: rehearsedSettings,
    playbooks,
    owner: "the next day",
    clients: clientsOf(range, clock, () => 0.5),
  });
  const [caseId = ""] = await store.cases();
  const signal = new AbortController().signal;
  await clock.run(async () => {
    await clock.sleep(11 * HOUR_MS);
    expect(await runner.endResidues(caseId, signal)).toBe(0);
    await clock.sleep(HOUR_MS);
    expect(await runner.endResidues(caseId, signal)).toBe(1);
  });
  expect(policies()).toEqual([]);
  store.close();
});
