import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { z } from "zod";
import { systemClock } from "../src/core/clock.ts";
import type { Playbook } from "../src/core/playbook.ts";
import { defineStep, done, expectThat, type Step, type TargetClients } from "../src/core/step.ts";
import { registryOf } from "../src/engine/registry.ts";
import { LocalRunner } from "../src/runners/local.ts";
import { openSqlite } from "../src/store/sqlite.ts";
import { memoryVault } from "../src/vault/memory.ts";

const CHANGES = 200;
const MOST_COMMITS = 4;
const MOST_RATIO = 3;

/**
 * Durable commits per change, and the time of a change against the time of those commits, on this machine in this run.
 * All changes are on one resource, so that none rides along with another: the worst case.
 */
export async function benchEngine(): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), "cordon-bench-"));
  try {
    const commitMs = rawCommitMs(join(folder, "raw.sqlite"));
    const serial = await respond(join(folder, "serial.sqlite"), () => "resource-1");
    const parallel = await respond(join(folder, "parallel.sqlite"), (index) => `resource-${index}`);
    const after = rawCommitMs(join(folder, "raw-2.sqlite"));
    const perCommit = (commitMs + after) / 2;
    const ratio = serial.msPerChange / (serial.commitsPerChange * perCommit);
    console.log(`  a durable commit of this machine takes ${perCommit.toFixed(3)} ms`);
    console.log(
      `  one after the other: ${serial.commitsPerChange.toFixed(2)} commits a change (at most ${MOST_COMMITS}), ${serial.msPerChange.toFixed(3)} ms, ${ratio.toFixed(2)} x their cost (at most ${MOST_RATIO})`,
    );
    console.log(
      `  side by side: ${parallel.commitsPerChange.toFixed(3)} commits a change, ${parallel.msPerChange.toFixed(3)} ms`,
    );
    return serial.commitsPerChange <= MOST_COMMITS && ratio <= MOST_RATIO;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What one small write costs when it must be on the disk before it counts. */
function rawCommitMs(path: string): number {
  const database = new Database(path);
  database.exec(
    "pragma journal_mode = wal; pragma synchronous = full; create table t (id integer primary key, body text)",
  );
  const insert = database.prepare("insert into t (body) values (?)");
  const body = "x".repeat(500);
  const times: number[] = [];
  for (let index = 0; index < 500; index++) {
    const begin = performance.now();
    insert.run(body);
    times.push(performance.now() - begin);
  }
  database.close();
  return times.reduce((sum, time) => sum + time, 0) / times.length;
}

async function respond(
  path: string,
  resourceOf: (index: number) => string,
): Promise<{ readonly commitsPerChange: number; readonly msPerChange: number }> {
  const store = openSqlite(path);
  const runner = new LocalRunner({
    store,
    vault: memoryVault(),
    registry: registryOf([nothing(resourceOf)]),
    playbooks: new Map([[playbook.id, playbook]]),
    clock: systemClock,
    random: () => 0.5,
    owner: "bench",
    settings: { purpose: "bench", neverDeny: [] },
    clients: () => ({}) as TargetClients,
    prepared: () => ({ groups: async () => Object.assign(() => null, { spoiled: [] }) }),
  });
  await runner.append("case-bench", [
    {
      type: "case.opened",
      target: { account: "111122223333", region: "eu-central-1", instanceId: "i-0123456789abcdef0" },
      incident: "incident-bench",
      playbook: playbook.id,
      verdict: "compromised",
      reason: "a bench",
      orderedBy: "bench",
      nonce: "0",
      findings: [],
    },
  ]);
  const commitsBefore = store.commits();
  const begin = performance.now();
  const state = await runner.work("case-bench", { signal: new AbortController().signal });
  const ms = performance.now() - begin;
  const verified = [...state.changes.values()].filter((record) => record.state === "verified").length;
  if (verified !== CHANGES) throw new Error(`expected ${CHANGES} verified changes, found ${verified}`);
  const commits = store.commits() - commitsBefore;
  store.close();
  return { commitsPerChange: commits / CHANGES, msPerChange: ms / CHANGES };
}

const playbook: Playbook = {
  id: "bench",
  title: "Nothing, many times",
  answers: [],
  autonomy: "suspected",
  stages: [
    {
      id: "all",
      alongside: false,
      around: null,
      after: null,
      within: null,
      needs: [],
      onFailure: "continue",
      approval: null,
      milestone: null,
      responsible: null,
      steps: [{ use: "bench.nothing", with: {} }],
    },
  ],
};

/** A step that costs nothing, so that what is measured is the engine. */
function nothing(resourceOf: (index: number) => string): Step {
  return defineStep({
    id: "bench.nothing",
    title: "Do nothing",
    reversible: "exactly",
    settlesWithinMs: 1000,
    permissions: { target: {} },
    input: z.strictObject({}),
    change: { before: z.null(), after: z.null() },
    plan: async () => ({
      changes: Array.from({ length: CHANGES }, (_, index) => ({
        resource: resourceOf(index),
        attribute: `a${index}`,
        before: null,
        after: null,
      })),
      left: [],
    }),
    run: async () => done(),
    verify: async () => expectThat("nothing", true, { expected: null, observed: null }),
    revert: async () => done(),
  });
}
