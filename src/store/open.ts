/** Opens the file of a store: refuses what is not one, sets how it is written, and brings it to the present tables. */
import { chmodSync, closeSync, existsSync, openSync, statSync } from "node:fs";
import Database from "libsql";
import { CordonError } from "../core/errors.ts";
import { ADDED, TABLES, VERSION } from "./schema.ts";
import { inStoreWords } from "./store-errors.ts";

type Row = Readonly<Record<string, string | number | null>>;

const TRIES = 100;
const PAUSE_MS = 50;

/** Readable and writable by its owner alone: journals say what an intruder should not read. */
const PRIVATE = 0o600;

/**
 * Opens the database of a store.
 *
 * @throws CordonError `store_foreign`, `store_newer`, `store_unwritable`, `store_damaged`, `store_failed`, `store_busy`, `disk_full`
 */
export function openedDatabase(path: string): Database.Database {
  const isFile = path !== ":memory:";
  return inStoreWords(path, () => {
    if (isFile) createPrivate(path);
    const database = new Database(path);
    try {
      database.exec("pragma busy_timeout = 5000"); // First of all: several commands may start at once.
      const version = versionOf(database);
      if (version > VERSION)
        throw new CordonError("store_newer", { file: path, version: String(version), known: String(VERSION) });
      assertOwn(database, path);
      untilFree(() => database.exec("pragma journal_mode = wal; pragma synchronous = full"));
      if (version < VERSION) untilFree(() => migrate(database));
      if (isFile) for (const file of [path, `${path}-wal`, `${path}-shm`]) makePrivate(file);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/** SQLite would make the file as the umask allows. What it writes beside it gets the same mode. */
function createPrivate(path: string): void {
  try {
    closeSync(openSync(path, "ax", PRIVATE));
  } catch {
    return; // It is there already, or SQLite says better why it cannot be made.
  }
}

/** A store of an earlier version, or one that was copied, may be readable by others. Only its owner can change that. */
function makePrivate(file: string): void {
  if (!existsSync(file) || (statSync(file).mode & 0o077) === 0) return;
  try {
    chmodSync(file, PRIVATE);
  } catch {
    return; // Somebody else's: the folder around it keeps others out, or whoever owns it lets them in.
  }
}

/** Tables and version come in one transaction: a database that has only one of the two is somebody else's. */
function assertOwn(database: Database.Database, file: string): void {
  const tables = database.prepare("select name from sqlite_master where type = 'table'").all() as readonly Row[];
  const names = tables.map(({ name }) => String(name));
  const isOurs = names.some((name) => TABLES.includes(` table if not exists ${name} `));
  if (names.length === 0 || (isOurs && versionOf(database) > 0)) return;
  throw new CordonError("store_foreign", { file, reason: `it has the table ${names[0]} of another program` });
}

/**
 * Whoever switches a fresh file to the write-ahead log is refused at once where others read it: SQLite's own waiting does not
 * cover that. https://www.sqlite.org/wal.html
 */
function untilFree(act: () => void): void {
  for (let left = TRIES; ; left--) {
    try {
      return act();
    } catch (error) {
      if (left === 0 || !(error instanceof Error) || !/locked|busy/i.test(error.message)) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
  }
}

function versionOf(database: Database.Database): number {
  return Number((database.prepare("pragma user_version").get() as Row | undefined)?.["user_version"] ?? 0);
}

/** Brings an older store, or an empty one, to the present tables. Another process may have done it a moment ago. */
function migrate(database: Database.Database): void {
  database.exec("begin immediate");
  try {
    const version = versionOf(database);
    for (const { version: since, table, sql } of version < VERSION ? ADDED : []) {
      const isThere = database.prepare("select 1 from sqlite_master where type = 'table' and name = ?").get(table);
      if (version < since && isThere !== undefined) database.exec(sql);
    }
    database.exec(`${TABLES}; pragma user_version = ${VERSION}; commit`);
  } catch (error) {
    if (database.inTransaction) database.exec("rollback");
    throw error;
  }
}
