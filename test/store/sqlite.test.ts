import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterAll, expect, test } from "vitest";
import { SimulatedClock } from "../../src/core/clock.ts";
import { GENESIS, type NewEvent } from "../../src/core/journal.ts";
import { openSqlite } from "../../src/store/sqlite.ts";
import { groupCommit } from "../../src/store/group-commit.ts";
import { storeSuite } from "../../src/testing/store-suite.ts";

const folder = mkdtempSync(join(tmpdir(), "cordon-store-"));
let files = 0;
const freshFile = (): string => join(folder, `store-${(files += 1)}.db`);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const stage = (name: string): NewEvent => ({
  actor: { kind: "cordon", id: "cordon", channel: "engine" },
  body: { type: "stage.started", stage: name },
});
const append = (id: string, name = "a") => ({
  case: id,
  sequence: 0,
  previous: GENESIS,
  now: 0,
  events: [stage(name)],
});

storeSuite("a store in memory", () => openSqlite(":memory:"));
storeSuite("a store in a file", () => openSqlite(freshFile()));

test("what is queued in one turn of the event loop is one transaction", async () => {
  const store = openSqlite(freshFile());
  await Promise.all([
    ...["case-1", "case-2", "case-3"].map((id) => store.append(append(id))),
    store.lease("l", "a", 1, 0),
    store.saveLedger("s", "r", { original: null, ours: null }),
  ]);
  expect(store.commits()).toBe(1);
  await store.append(append("case-4"));
  expect(store.commits()).toBe(2);
  store.close();
});

test("a write that fails costs its turn no second commit", async () => {
  const store = openSqlite(freshFile());
  const tooLong = append("case-2", "x".repeat(70_000));
  const outcomes = await Promise.allSettled([store.append(append("case-1")), store.append(tooLong)]);
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  expect(store.commits()).toBe(1);
  store.close();
});

test("what was written is there when the file is opened again, also without a proper close", async () => {
  const path = freshFile();
  const writer = openSqlite(path);
  await writer.append(append("case-1"));
  await writer.putPreparedGroup("111122223333", "eu-west-1", { vpcId: "vpc-1", level: "sealed", groupId: "sg-1" });
  const reader = openSqlite(path); // The writer is still open: nothing was tidied up.
  expect(await reader.read("case-1", 0)).toHaveLength(1);
  expect(await reader.preparedGroups("111122223333", "eu-west-1")).toHaveLength(1);
  reader.close();
  writer.close();
  const again = openSqlite(path);
  expect(await again.read("case-1", 0)).toHaveLength(1);
  again.close();
});

test("close writes what is queued", async () => {
  const path = freshFile();
  const store = openSqlite(path);
  const written = store.append(append("case-1"));
  store.close();
  await expect(written).resolves.toHaveLength(1);
  const again = openSqlite(path);
  expect(await again.read("case-1", 0)).toHaveLength(1);
  again.close();
});

test("two processes on one file: one append wins, the other is told", async () => {
  const path = freshFile();
  const [one, other] = [openSqlite(path), openSqlite(path)];
  const answers = await Promise.all([one.append(append("case-1", "a")), other.append(append("case-1", "b"))]);
  expect(answers.filter((sealed) => sealed === null)).toHaveLength(1);
  expect(await other.read("case-1", 0)).toHaveLength(1);
  one.close();
  other.close();
});

test("a file store writes ahead and waits for the disk at every commit", () => {
  const path = freshFile();
  const store = openSqlite(path);
  expect(store.durability()).toEqual({ journalMode: "wal", synchronous: 2 }); // 2 is FULL: https://www.sqlite.org/pragma.html#pragma_synchronous
  store.close();
});

test.each([2, 3])("a store of version %i gets tokens, and keeps the leases that it has", async (version) => {
  const path = freshFile();
  const older = new Database(path);
  older.exec(
    `create table leases (name text primary key, owner text not null, until integer not null) strict, without rowid; insert into leases values ('case 1', 'a', 1000); pragma user_version = ${version}`,
  );
  older.close();
  const store = openSqlite(path);
  expect(await store.lease("case 1", "b", 2000, 500)).toEqual({ kind: "held", owner: "a", until: 1000 });
  expect(await store.lease("case 1", "b", 2000, 1000)).toEqual({ kind: "ours", token: 1 });
  store.close();
  openSqlite(path).close(); // Migrated once.
});

test("after close every read and write is refused, and a failing write ends no process", async () => {
  const store = openSqlite(freshFile());
  await store.append(append("case-1"));
  store.close();
  await expect(store.append(append("case-2"))).rejects.toThrow("the store is closed");
  await expect(store.lease("case 1", "a", 1, 0)).rejects.toThrow("the store is closed");
  await expect(store.read("case-1", 0)).rejects.toThrow("the store is closed");
  await expect(store.claims("s", "r")).rejects.toThrow("the store is closed");
});

test("a write that waits when the database is closed under it is refused, and ends no process", async () => {
  const database = new Database(":memory:");
  const queue = groupCommit(database, () => () => {});
  const written = queue.write(() => database.close());
  await expect(written).rejects.toThrow("The database connection is not open");
});

test("a store that a newer Cordon wrote is refused, and not touched", () => {
  const path = freshFile();
  const newer = new Database(path);
  newer.exec("pragma user_version = 99");
  newer.close();
  expect(() => openSqlite(path)).toThrow(/newer Cordon \(version 99, this one reads 4\)/);
  const after = new Database(path);
  expect(after.prepare("select count(*) as tables from sqlite_master").get()).toMatchObject({ tables: 0 });
  after.close();
});

test("simulated time stands still until a commit is made", async () => {
  const clock = new SimulatedClock(1000);
  const store = openSqlite(freshFile(), { hold: () => clock.hold() });
  const at = await clock.run(async () => {
    void clock.sleep(50);
    await store.append(append("case-1"));
    return clock.now();
  });
  expect(at).toBe(1000);
  store.close();
});

test("of two processes that count at once no more get in than there is room for", async () => {
  const path = freshFile();
  const [one, other] = [openSqlite(path), openSqlite(path)];
  const tally = (key: string) => ({ name: "automatic", key, now: 2, since: 1, most: 20 });
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, index) => (index % 2 === 0 ? one : other).count(tally(`instance-${index}`))),
  );
  expect(answers.filter((answer) => answer === "counted")).toHaveLength(20);
  expect(answers.filter((answer) => answer === "full")).toHaveLength(10);
  one.close();
  other.close();
});
