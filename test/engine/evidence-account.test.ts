import { expect, test } from "vitest";
import { createClients } from "../../src/aws/clients.ts";
import { createResponder, registry } from "../../src/cli/compose.ts";
import { clientsOf, rehearsedSettings } from "../../src/cli/drill/run.ts";
import { type CaseState, statusOf } from "../../src/core/case.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { manualFinding } from "../../src/intake/manual.ts";
import { judge } from "../../src/intake/triage.ts";
import { readPlaybook } from "../../src/playbooks/read.ts";
import { createResponder as roleIn } from "../../src/range/responder.ts";
import { createRange, type Range, START_OF_SIMULATED_TIME_MS } from "../../src/range/range.ts";
import { seededRandom } from "../../src/range/world/random.ts";
import { receive } from "../../src/runners/reception.ts";
import { openSqlite } from "../../src/store/sqlite.ts";
import { memoryVault } from "../../src/vault/memory.ts";

const EVIDENCE = "444455556666";
const KEY = `arn:aws:kms:eu-central-1:${EVIDENCE}:key/66666666-2222-4333-8444-555555555555`;

const playbook = readPlaybook(
  `
id: copy-evidence
title: Snapshots, and their copies
answers: []
stages:
  - { id: save, steps: [preserve.volume-snapshots] }
  - { id: copy, needs: [save], steps: [preserve.snapshot-copy] }
`,
  { file: "copy-evidence", steps: registry.values() as never },
);

interface Outcome {
  readonly state: CaseState;
  readonly range: Range;
  readonly calls: readonly { readonly operation: string; readonly act: string }[];
}

async function carriedOut(evidenceAccount: string | null): Promise<Outcome> {
  const clock = new SimulatedClock(START_OF_SIMULATED_TIME_MS);
  const range = createRange({ scenario: "c2-beacon", seed: 1, clock });
  const [target] = range.scenario.targets;
  const random = seededRandom(1);
  const store = openSqlite(":memory:", { hold: () => clock.hold() });
  const calls: { operation: string; act: string }[] = [];
  const evidence = createClients({
    region: target!.region,
    credentials: roleIn(range.world.place(EVIDENCE, target!.region)),
    requestHandler: range.requestHandler(),
    clock,
    random,
  });
  const runner = createResponder({
    clock,
    random,
    store,
    vault: memoryVault(),
    settings: {
      ...rehearsedSettings,
      evidence: evidenceAccount === null ? null : { account: evidenceAccount, kmsKeyId: KEY, sharingKeyId: null },
    },
    playbooks: [playbook],
    owner: "test",
    clients: clientsOf(range, clock, random),
    evidence: () => (evidenceAccount === null ? null : evidence),
    onCall: (call) => calls.push(call),
  });
  try {
    return await clock.run(async () => {
      const finding = manualFinding({
        instanceIds: [target!.instanceId],
        remoteAddresses: [],
        person: "ada",
        account: target!.account,
        region: target!.region,
        now: clock.now(),
        command: "test",
      });
      const actor = { kind: "person", id: "ada", channel: "drill" } as const;
      const order = { finding, judgement: judge(finding), instances: finding.instances, playbook, mustAsk: {} };
      const [received] = await receive(
        { ...order, orderedBy: "ada", actor },
        { runner, store, clock, random, owner: "test" },
      );
      const state = await runner.work(received!.caseId, { signal: new AbortController().signal });
      return { state, range, calls };
    });
  } finally {
    store.close();
  }
}

const copiesIn = (range: Range) => [...range.world.place(EVIDENCE, "eu-central-1").region.snapshots.values()];

test("a case copies its snapshots into the configured account, under the role and the key of that account", async () => {
  const { state, range, calls } = await carriedOut(EVIDENCE);
  const copies = copiesIn(range);
  expect(copies.length).toBeGreaterThan(0);
  expect(copies.every(({ kmsKeyId }) => kmsKeyId === KEY)).toBe(true);
  const copied = [...state.artifacts.values()].filter(({ kind }) => kind === "volume-snapshot-copy");
  expect(copied.map(({ lineage }) => lineage)).toMatchObject(copies.map(() => ({ account: EVIDENCE, kmsKeyId: KEY })));
  expect(calls.filter(({ operation }) => operation === "CopySnapshot")).toHaveLength(copies.length); // Observed as every other call is.
  expect(statusOf(state)).not.toBe("failed");
}, 60_000);

test.each([
  ["without a configured account", null, "no role in an evidence account is configured"],
  ["into the instance's own account", "111122223333", "the evidence account is the instance's own"],
])(
  "%s nothing is copied, and the case says why",
  async (_when, account, reason) => {
    const { state, range } = await carriedOut(account);
    expect(copiesIn(range)).toEqual([]);
    expect(JSON.stringify([...state.steps.values()])).toContain(reason);
  },
  60_000,
);
