import { CordonError } from "../core/errors.ts";
import type { Fences, Lease } from "../core/store.ts";
import type { Sql } from "./sql.ts";

/** Leases with their tokens, inside a transaction; see Store. */
export interface LeaseRequest {
  readonly name: string;
  readonly owner: string;
  readonly until: number;
  readonly now: number;
}

interface Row {
  readonly owner: string;
  readonly until: number;
  readonly token: number;
}

/** Nobody: the lease was given back. */
const NOBODY = "";

export function takeLease(sql: Sql, { name, owner, until, now }: LeaseRequest): Lease {
  const held = rowOf(sql, name);
  if (held && held.owner !== owner && held.owner !== NOBODY && held.until > now)
    return { kind: "held", owner: held.owner, until: held.until };
  const token = held?.owner === owner ? held.token : (held?.token ?? 0) + 1;
  sql("insert or replace into leases (name, owner, until, token) values (?, ?, ?, ?)").run(name, owner, until, token);
  return { kind: "ours", token };
}

/** The row stays: its token must never be given out twice. */
export function giveLeaseBack(sql: Sql, name: string, owner: string): void {
  sql("update leases set owner = ?, until = 0 where name = ? and owner = ?").run(NOBODY, name, owner);
}

/** @throws CordonError `overtaken` */
export function demandUnfenced(sql: Sql, fences: Fences | undefined): void {
  for (const { lease, token } of fences ?? []) {
    if (token < (rowOf(sql, lease)?.token ?? 0)) throw new CordonError("overtaken", { what: lease });
  }
}

function rowOf(sql: Sql, name: string): Row | null {
  const row = sql("select owner, until, token from leases where name = ?").get(name) as
    Readonly<Record<string, string | number>> | undefined;
  return row ? { owner: String(row["owner"]), until: Number(row["until"]), token: Number(row["token"]) } : null;
}
