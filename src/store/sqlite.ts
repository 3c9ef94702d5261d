import type { Clock } from "../core/clock.ts";
import { CordonError } from "../core/errors.ts";
import { type JournalEvent, seal } from "../core/journal.ts";
import { eventIn, unreadable } from "../core/journal-row.ts";
import type { Json } from "../core/json.ts";
import type { Claim, IsolationLevel } from "../core/step.ts";
import type { Append, Store, Tally } from "../core/store.ts";
import { eventPagesOf } from "./event-pages.ts";
import { groupCommit, type Queue } from "./group-commit.ts";
import { demandUnfenced, giveLeaseBack, takeLease } from "./leases.ts";
import { openedDatabase } from "./open.ts";
import { leaseSlice } from "./slices.ts";
import { preparer, type Sql } from "./sql.ts";

type Row = Readonly<Record<string, string | number | null>>;

/** A store, and what can be asked about how it keeps its promise. */
export interface SqliteStore extends Store {
  /** Durable commits so far. */
  commits(): number;
  /** SQLite's own words for how it writes. */
  durability(): { readonly journalMode: string; readonly synchronous: number };
}

/**
 * A store in one SQLite file (or in memory, with the path ":memory:").
 *
 * Durable: write-ahead log with `synchronous = FULL`. Fast: whatever is written in one turn of the event loop is one
 * transaction, so ten changes that end together cost one commit. Every call is synchronous underneath: no thread pool is
 * involved. Simulated time must stand still until a commit is made: hand in the clock's `hold`.
 */
export function openSqlite(path: string, { hold }: { readonly hold?: Clock["hold"] } = {}): SqliteStore {
  const database = openedDatabase(path);
  const sql = preparer(database, path);
  const queue = groupCommit(database, hold ?? (() => () => {}), path);
  return {
    commits: queue.commits,
    durability: () => ({
      journalMode: text(database.prepare("pragma journal_mode").get(), "journal_mode"),
      synchronous: Number((database.prepare("pragma synchronous").get() as Row | undefined)?.["synchronous"]),
    }),
    append: (write) => queue.write(() => append(sql, write)),
    read: async (caseId, sequence) =>
      rowsOf(sql, caseId, sequence).map((row) =>
        eventIn(text(row, "event"), { case: caseId, sequence: Number((row as Row)["sequence"]) }),
      ),
    cases: async (of) => {
      const rows = of
        ? sql("select id from cases where account = ? and region = ? and instance = ? order by opened_at, rowid").all(
            of.account,
            of.region,
            of.instanceId,
          )
        : sql("select id from cases order by opened_at, rowid").all();
      return rows.map((row) => text(row, "id"));
    },
    originals: async (prefix) =>
      sql("select * from originals where substr(resource, 1, length(?)) = ? order by resource, attribute")
        .all(prefix, prefix)
        .map((row) => ({
          resource: text(row, "resource"),
          attribute: text(row, "attribute"),
          value: JSON.parse(text(row, "value")) as Json,
          case: text(row, "case_id"),
        })),
    lease: (name, owner, until, now) => queue.write(() => takeLease(sql, { name, owner, until, now })),
    unlease: (name, owner) => queue.write(() => giveLeaseBack(sql, name, owner)),
    count: (tally) => queue.write(() => count(sql, tally)),
    leaseSlice: (request) => queue.write(() => leaseSlice(sql, request)),
    ...claimsOf(sql, queue),
    ...eventPagesOf(sql, queue),
    preparedGroups: async (account, region) =>
      sql("select vpc, level, group_id from prepared where account = ? and region = ? order by vpc, level")
        .all(account, region)
        .map((row) => ({
          vpcId: text(row, "vpc"),
          level: text(row, "level") as IsolationLevel,
          groupId: text(row, "group_id"),
        })),
    putPreparedGroup: (account, region, { vpcId, level, groupId }) =>
      queue.write(
        () =>
          void sql("insert or replace into prepared values (?, ?, ?, ?, ?)").run(
            account,
            region,
            vpcId,
            level,
            groupId,
          ),
      ),
    close: () => {
      queue.close();
      database.close();
    },
  };
}

/** A damaged page costs the case whose events are on it, and no other. */
function rowsOf(sql: Sql, caseId: string, sequence: number): readonly unknown[] {
  try {
    return sql("select sequence, event from events where case_id = ? and sequence > ? order by sequence").all(
      caseId,
      sequence,
    );
  } catch (error) {
    if (!(error instanceof CordonError) || error.code !== "store_damaged") throw error;
    throw unreadable({ case: caseId, sequence: sequence + 1 }, error.message.replace(/\.$/, ""), error);
  }
}

function append(
  sql: Sql,
  { case: id, sequence, previous, now, events, fences, originals, restored }: Append,
): readonly JournalEvent[] | null {
  demandUnfenced(sql, fences);
  const last = sql("select max(sequence) as last from events where case_id = ?").get(id) as Row | undefined;
  if (Number(last?.["last"] ?? 0) !== sequence) return null;
  const sealed = seal(events, { case: id, sequence, previous, now });
  const first = sealed[0];
  if (sequence === 0 && first?.body.type === "case.opened") {
    const { account, region, instanceId } = first.body.target;
    sql("insert into cases values (?, ?, ?, ?, ?)").run(id, account, region, instanceId, now);
  }
  for (const event of sealed) sql("insert into events values (?, ?, ?)").run(id, event.sequence, JSON.stringify(event));
  for (const { resource, attribute, value } of originals ?? []) {
    sql("insert or ignore into originals values (?, ?, ?, ?)").run(resource, attribute, JSON.stringify(value), id);
  }
  for (const { resource, attribute } of restored ?? []) {
    sql("delete from originals where resource = ? and attribute = ? and case_id = ?").run(resource, attribute, id);
  }
  return sealed;
}

function count(sql: Sql, { name, key, now, since, most }: Tally): "counted" | "known" | "full" {
  sql("delete from tallies where name = ? and at <= ?").run(name, since);
  if (sql("select 1 from tallies where name = ? and key = ?").get(name, key)) return "known";
  const counted = sql("select count(*) as counted from tallies where name = ?").get(name) as Row | undefined;
  if (Number(counted?.["counted"] ?? 0) >= most) return "full";
  sql("insert into tallies values (?, ?, ?)").run(name, key, now);
  return "counted";
}

type ClaimStore = Pick<Store, "putClaim" | "removeClaim" | "claims" | "expiredClaims" | "ledger" | "saveLedger">;

function claimsOf(sql: Sql, queue: Queue): ClaimStore {
  return {
    putClaim: ({ resource, step, member, case: id, value, until }, fences) =>
      queue.write(() => {
        demandUnfenced(sql, fences);
        const values = [resource, step, member, id, JSON.stringify(value), until];
        sql("insert or replace into claims values (?, ?, ?, ?, ?, ?)").run(...values);
      }),
    removeClaim: ({ resource, step, member, case: id }, fences) =>
      queue.write(() => {
        demandUnfenced(sql, fences);
        const values = [resource, step, member, id];
        sql("delete from claims where resource = ? and step = ? and member = ? and case_id = ?").run(...values);
      }),
    claims: async (step, resource) =>
      sql("select * from claims where step = ? and resource = ? order by member, case_id")
        .all(step, resource)
        .map(claimOf),
    expiredClaims: async (now) =>
      sql("select * from claims where until is not null and until <= ? order by resource, member")
        .all(now)
        .map(claimOf),
    ledger: async (step, resource) => {
      const row = sql("select original, ours from ledgers where step = ? and resource = ?").get(step, resource) as
        Row | undefined;
      return row
        ? { original: JSON.parse(text(row, "original")) as Json, ours: JSON.parse(text(row, "ours")) as Json }
        : null;
    },
    saveLedger: (step, resource, ledger, fences) =>
      queue.write(() => {
        demandUnfenced(sql, fences);
        if (ledger === null) sql("delete from ledgers where step = ? and resource = ?").run(step, resource);
        else
          sql("insert or replace into ledgers values (?, ?, ?, ?)").run(
            resource,
            step,
            JSON.stringify(ledger.original),
            JSON.stringify(ledger.ours),
          );
      }),
  };
}

function claimOf(row: unknown): Claim {
  const until = (row as Row)["until"];
  return {
    resource: text(row, "resource"),
    step: text(row, "step"),
    member: text(row, "member"),
    case: text(row, "case_id"),
    value: JSON.parse(text(row, "value")) as Json,
    until: until === null || until === undefined ? null : Number(until),
  };
}

function text(row: unknown, column: string): string {
  return String((row as Row)[column]);
}
