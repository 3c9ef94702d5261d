import Database from "libsql";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { openSqlite } from "../../src/store/sqlite.ts";
import { opening, stage } from "../../src/testing/store-samples.ts";
import { Journals } from "../../src/runners/journals.ts";

const folder = mkdtempSync(join(tmpdir(), "cordon-journals-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const by = { kind: "person", id: "ada", channel: "cli" } as const;
const bodies = [opening(), stage("a"), stage("b")].map(({ body }) => body);

test("a journal that is shorter than this process knows refuses the append and writes nothing", async () => {
  const path = join(folder, "shorter.sqlite");
  const store = openSqlite(path);
  const journals = new Journals({ store, clock: systemClock });
  await journals.append("case-1", bodies, by);
  const meddler = new Database(path);
  meddler.exec("delete from events where sequence = 3");
  meddler.close();
  await expect(journals.append("case-1", [stage("c").body], by)).rejects.toMatchObject({
    code: "journal_went_back",
    particulars: { case: "case-1", found: "2", known: "3" },
  });
  expect(await store.read("case-1", 0)).toHaveLength(2);
  store.close();
});

test("an overtaken writer's append fails alone: a person's of the same turn is written", async () => {
  const store = openSqlite(":memory:");
  const journals = new Journals({ store, clock: systemClock });
  await journals.append("case-1", bodies, by);
  await store.lease("case case-1", "a", 10, 0);
  await store.lease("case case-1", "b", 20, 10);
  const outcomes = await Promise.allSettled([
    journals.append("case-1", [stage("c").body], by, { fences: [{ lease: "case case-1", token: 1 }] }),
    journals.append("case-1", [stage("d").body], by),
    journals.append("case-1", [stage("e").body], by, { fences: [{ lease: "case case-1", token: 2 }] }),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
  const stages = (await store.read("case-1", 3)).map(({ body }) => (body.type === "stage.started" ? body.stage : ""));
  expect(stages).toEqual(["d", "e"]);
  store.close();
});
