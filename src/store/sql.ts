import type Database from "libsql";
import { inStoreWords } from "./store-errors.ts";

/** A prepared statement, as far as the store uses it. */
export interface Statement {
  run(...parameters: unknown[]): unknown;
  get(...parameters: unknown[]): unknown;
  all(...parameters: unknown[]): unknown[];
}

export type Sql = (statement: string) => Statement;

/** Prepares each statement once. What SQLite says about the file comes in the words of the catalogue of errors. After the database was closed none is handed out: libsql would still write with it. */
export function preparer(database: Database.Database, file: string): Sql {
  const prepared = new Map<string, Statement>();
  return (statement) => {
    if (!database.open) throw new Error("the store is closed");
    const known = prepared.get(statement);
    if (known) return known;
    const plain = inStoreWords(file, () => database.prepare(statement) as unknown as Statement);
    const fresh: Statement = {
      run: (...parameters) => inStoreWords(file, () => plain.run(...parameters)),
      get: (...parameters) => inStoreWords(file, () => plain.get(...parameters)),
      all: (...parameters) => inStoreWords(file, () => plain.all(...parameters)),
    };
    prepared.set(statement, fresh);
    return fresh;
  };
}
