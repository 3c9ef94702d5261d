import type { Slice, SliceRequest } from "../core/store.ts";
import type { Sql } from "./sql.ts";

type Row = Readonly<Record<string, string | number | null>>;

/** Who comes when nobody else is there gets no more than this part of the rest at once, or one token if that is more. */
const NEWCOMERS_PART = 0.05;

/** One process's part of a limit. */
interface Part {
  readonly owner: string;
  /** What it was given and has not said to have used. */
  readonly tokens: number;
  /** What is set aside for its next renewal. */
  readonly credit: number;
  readonly weight: number;
}

/** One renewal of a slice, inside a transaction; see SliceStore. */
export function leaseSlice(sql: Sql, request: SliceRequest): Slice {
  const { key, owner, most, want, owed, weight } = request;
  const { parts, rest: shared } = withRefill(sql, request);
  const own = parts.find((part) => part.owner === owner);
  const others = parts.filter((part) => part !== own);
  const left = Math.min(request.left, own?.tokens ?? 0);
  for (const { owner: name, credit } of others)
    sql("update slices set credit = ? where key = ? and owner = ?").run(credit, key, name);
  const heldByOthers = others.reduce((sum, { tokens, credit }) => sum + tokens + credit, 0);
  const rest = Math.min(shared + (own?.credit ?? 0), most - heldByOthers - left) - owed;
  if (want === null) {
    sql("delete from slices where key = ? and owner = ?").run(key, owner);
    save(sql, request, rest + left);
    return { tokens: 0 };
  }
  const isFirst = own === undefined && others.length === 0;
  const atOnce = isFirst ? Math.max(1, rest * NEWCOMERS_PART) : rest;
  const granted = Math.max(0, Math.min(want, atOnce, rest));
  const values = [key, owner, left + granted, 0, weight, request.until];
  sql("insert or replace into slices values (?, ?, ?, ?, ?, ?)").run(...values);
  save(sql, request, rest - granted);
  return { tokens: left + granted };
}

/**
 * The parts as they are now. What is free, and what came in since the last renewal, is set aside for those who wait, by their
 * weights, so that none has more for asking first. What a part without renewal was given is gone; what was set aside for it is
 * free again.
 */
function withRefill(sql: Sql, request: SliceRequest): { readonly parts: readonly Part[]; readonly rest: number } {
  const { key, most, perSecond, now } = request;
  const over = sql("select coalesce(sum(credit), 0) as credit from slices where key = ? and until <= ?").get(
    key,
    now,
  ) as Row;
  sql("delete from slices where key = ? and until <= ?").run(key, now);
  const parts = sql("select owner, tokens, credit, weight from slices where key = ?").all(key).map(partOf);
  const counted = sql("select tokens, counted_at from limits where key = ?").get(key) as Row | undefined;
  if (!counted) return { parts, rest: most };

  const rest = Number(counted["tokens"]) + Number(over["credit"]);
  const held = parts.reduce((sum, { tokens, credit }) => sum + tokens + credit, 0);
  // Two clocks may differ a little: time never runs backwards here.
  const elapsedS = Math.max(0, now - Number(counted["counted_at"])) / 1000;
  const refill = Math.max(0, Math.min(elapsedS * perSecond, most - held - rest));
  const weights = parts.reduce((sum, { weight }) => sum + weight, 0);
  const free = rest + refill;
  if (weights === 0 || free <= 0) return { parts, rest: free }; // What was sent without a token is settled first.
  const isNew = parts.every(({ owner }) => owner !== request.owner);
  const each = free / (weights + (isNew ? Math.max(1, request.weight) : 0));
  return {
    parts: parts.map((part) => ({ ...part, credit: part.credit + each * part.weight })),
    rest: free - each * weights,
  };
}

function partOf(row: unknown): Part {
  const { owner, tokens, credit, weight } = row as Row;
  return { owner: String(owner), tokens: Number(tokens), credit: Number(credit), weight: Number(weight) };
}

function save(sql: Sql, { key, now }: SliceRequest, tokens: number): void {
  sql(
    "insert into limits values (?, ?, ?) on conflict (key) do update set tokens = excluded.tokens, counted_at = max(counted_at, excluded.counted_at)",
  ).run(key, tokens, now);
}
