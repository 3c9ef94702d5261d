import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterAll, describe, expect, it } from "vitest";
import { CordonError } from "../../src/core/errors.ts";
import { GENESIS, type NewEvent } from "../../src/core/journal.ts";
import { groupCommit } from "../../src/store/group-commit.ts";
import { preparer } from "../../src/store/sql.ts";
import { openSqlite } from "../../src/store/sqlite.ts";

const folder = mkdtempSync(join(tmpdir(), "cordon-store-errors-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const codeOf = (error: unknown) => (error instanceof CordonError ? error.code : String(error));

/** A database that takes so many pages of 4 KiB and no more. */
function small(pages: number) {
  const database = new Database(join(folder, `small-${pages}`));
  database.exec(`create table x (a blob); pragma max_page_count = ${pages}`);
  return { database, sql: preparer(database, "small"), queue: groupCommit(database, () => () => {}, "small") };
}

describe("a full disk", () => {
  it("is named, and what comes after it is written", async () => {
    const { sql, queue } = small(4);
    const write = (bytes: number) => queue.write(() => void sql("insert into x values (zeroblob(?))").run(bytes));
    expect(await write(100_000).catch(codeOf)).toBe("disk_full");
    await write(10);
    expect(sql("select length(a) as bytes from x").all()).toMatchObject([{ bytes: 10 }]);
  });

  it("fails the write that has no room, and no other of the same turn", async () => {
    const { sql, queue } = small(5);
    const write = (bytes: number) => queue.write(() => void sql("insert into x values (zeroblob(?))").run(bytes));
    const ends = await Promise.all([write(10), write(100_000).catch(codeOf), write(20)]);
    expect(ends).toEqual([undefined, "disk_full", undefined]);
    expect(sql("select length(a) as bytes from x").all()).toMatchObject([{ bytes: 10 }, { bytes: 20 }]);
  });

  it("keeps no other write from being made though SQLite gives up the whole transaction", async () => {
    const { database, sql, queue } = small(6);
    const write = (bytes: number) => queue.write(() => void sql("insert into x values (?)").run(bytes));
    const failing = queue.write(() => {
      database.exec("rollback"); // What SQLite does by itself when some disks are full.
      sql("insert into nowhere values (1)");
    });
    const ends = await Promise.all([write(10), failing.catch(() => "failed"), write(20)]);
    expect(ends).toEqual([undefined, "failed", undefined]);
    expect(sql("select a from x").all()).toMatchObject([{ a: 10 }, { a: 20 }]);
  });
});

describe("a damaged page", () => {
  const event = (stage: string): NewEvent => ({
    actor: { kind: "cordon", id: "cordon", channel: "engine" },
    body: { type: "stage.started", stage },
  });

  it("costs the case whose events are on it, and no other", async () => {
    const whole = join(folder, "whole");
    const store = openSqlite(whole);
    const cases = ["case-a", "case-b", "case-c"];
    for (const [index, id] of cases.entries()) {
      const events = Array.from({ length: 40 }, (_, n) => event(`${"abc"[index]!.repeat(100)}-${n}`));
      await store.append({ case: id, sequence: 0, previous: GENESIS, now: 0, events });
    }
    store.close();
    new Database(whole).exec("pragma wal_checkpoint(truncate)");
    const damaged = join(folder, "damaged");
    copyFileSync(whole, damaged);
    const bytes = readFileSync(damaged);
    const page = 4096 * Math.floor(bytes.indexOf("b".repeat(100) + "-20") / 4096);
    writeFileSync(damaged, bytes.fill(0xff, page, page + 4096));
    const after = openSqlite(damaged);
    const read = (id: string) => after.read(id, 0).then((events) => events.length, codeOf);
    expect(await Promise.all(cases.map(read))).toEqual([40, "journal_unreadable", 40]);
    const [last] = (await after.read("case-c", 39)).slice(-1);
    const added = await after.append({
      case: "case-c",
      sequence: 40,
      previous: last!.hash,
      now: 1,
      events: [event("d")],
    });
    expect(added).toHaveLength(1);
    after.close();
  });
});
