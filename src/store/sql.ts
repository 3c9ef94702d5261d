import type Database from "libsql";

/** A prepared statement, as far as the store uses it. */
export interface Statement {
  run(...parameters: unknown[]): unknown;
  get(...parameters: unknown[]): unknown;
  all(...parameters: unknown[]): unknown[];
}

export type Sql = (statement: string) => Statement;

/** Prepares each statement once. After the database was closed none is handed out: libsql would still write with it. */
export function preparer(database: Database.Database): Sql {
  const prepared = new Map<string, Statement>();
  return (statement) => {
    if (!database.open) throw new Error("the store is closed");
    const known = prepared.get(statement);
    if (known) return known;
    const fresh = database.prepare(statement) as unknown as Statement;
    prepared.set(statement, fresh);
    return fresh;
  };
}
