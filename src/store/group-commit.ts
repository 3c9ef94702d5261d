import type Database from "libsql";
import type { Clock } from "../core/clock.ts";
import { inStoreWords, storeError } from "./store-errors.ts";

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

interface Waiting {
  readonly work: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (reason: unknown) => void;
}

/** Carries out writes in one transaction. @throws what kept the transaction as a whole from being committed */
function together(database: Database.Database, batch: readonly Waiting[], file: string): readonly Outcome[] {
  try {
    return inStoreWords(file, () => {
      database.exec("begin immediate");
      const outcomes = batch.map(({ work }) => alone(database, work));
      database.exec("commit");
      return outcomes;
    });
  } catch (error) {
    if (isInTransaction(database)) database.exec("rollback");
    throw error;
  }
}

function tell({ resolve, reject }: Waiting, outcome: Outcome): void {
  if (outcome.ok) resolve(outcome.result as never);
  else reject(outcome.error);
}

/**
 * Collects the writes of one turn of the event loop into one transaction, which makes them durable together. If SQLite gives
 * the transaction up, each is tried in one of its own: what one case is too long for, another may still have room for.
 */
export function groupCommit(database: Database.Database, hold: Clock["hold"], file = ":memory:"): Queue {
  let waiting: Waiting[] = [];
  let commits = 0;
  let isClosed = false;
  let letGo = (): void => {};
  const commit = (batch: readonly Waiting[]): void => {
    try {
      const outcomes = together(database, batch, file);
      commits += 1;
      batch.forEach((each, index) => tell(each, outcomes[index] ?? { ok: false, error: undefined }));
    } catch (error) {
      if (batch.length > 1 && database.open) for (const each of batch) commit([each]);
      else batch.forEach((each) => tell(each, { ok: false, error: storeError(error, file) }));
    }
  };
  const flush = (): void => {
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return;
    setImmediate(letGo); // After those who waited for this commit have gone on.
    commit(batch);
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
