import type Database from "libsql";
import type { Clock } from "../core/clock.ts";

/** Writes that wait for the commit of their turn. */
export interface Queue {
  write<Result>(work: () => Result): Promise<Result>;
  /** Writes what waits. Afterwards every write is refused. */
  close(): void;
  commits(): number;
}

type Outcome = { readonly ok: true; readonly result: unknown } | { readonly ok: false; readonly error: unknown };

/**
 * Carries out one write of a transaction. What it did is taken back if it fails, and the others go on: an event that is too
 * long for a journal must not fail the seal of another case that happened to end in the same turn.
 */
function alone(database: Database.Database, work: () => unknown): Outcome {
  database.exec("savepoint write");
  try {
    const result = work();
    database.exec("release write");
    return { ok: true, result };
  } catch (error) {
    if (!isInTransaction(database)) throw error; // SQLite gave the whole transaction up (disk full, for one).
    database.exec("rollback to write; release write");
    return { ok: false, error };
  }
}

/** libsql ends the whole process when it is asked about a database that was closed. */
function isInTransaction(database: Database.Database): boolean {
  return database.open && database.inTransaction;
}

/**
 * Collects the writes of one turn of the event loop into one transaction. All that did not fail by themselves are durable
 * together, or fail together.
 */
export function groupCommit(database: Database.Database, hold: Clock["hold"]): Queue {
  let waiting: {
    readonly work: () => unknown;
    readonly resolve: (value: never) => void;
    readonly reject: (reason: unknown) => void;
  }[] = [];
  let commits = 0;
  let isClosed = false;
  let letGo = (): void => {};
  const flush = (): void => {
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return;
    setImmediate(letGo); // After those who waited for this commit have gone on.
    try {
      database.exec("begin immediate");
      const outcomes = batch.map(({ work }) => alone(database, work));
      database.exec("commit");
      commits += 1;
      batch.forEach(({ resolve, reject }, index) => {
        const outcome = outcomes[index];
        if (outcome?.ok === true) resolve(outcome.result as never);
        else reject(outcome?.error);
      });
    } catch (error) {
      if (isInTransaction(database)) database.exec("rollback");
      batch.forEach(({ reject }) => reject(error));
    }
  };
  return {
    close: () => {
      isClosed = true;
      flush();
    },
    commits: () => commits,
    write: (work) =>
      new Promise((resolve, reject) => {
        if (isClosed) return reject(new Error("the store is closed"));
        if (waiting.length === 0) {
          letGo = hold();
          setImmediate(flush);
        }
        waiting.push({ work, resolve, reject });
      }),
  };
}
