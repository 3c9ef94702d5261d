/** The tables of a store. `user_version` says which of these was applied last; a newer store is refused. */
export const VERSION = 4;

export const TABLES = `
create table if not exists cases (id text primary key, account text not null, region text not null, instance text not null, opened_at integer not null) strict;
create index if not exists cases_by_instance on cases (account, region, instance);
create table if not exists events (case_id text not null, sequence integer not null, event text not null, primary key (case_id, sequence)) strict, without rowid;
create table if not exists originals (resource text not null, attribute text not null, value text not null, case_id text not null, primary key (resource, attribute)) strict, without rowid;
create table if not exists leases (name text primary key, owner text not null, until integer not null, token integer not null default 0) strict, without rowid;
create table if not exists claims (resource text not null, step text not null, member text not null, case_id text not null, value text not null, until integer, primary key (resource, step, member, case_id)) strict, without rowid;
create table if not exists ledgers (resource text not null, step text not null, original text not null, ours text not null, primary key (resource, step)) strict, without rowid;
create table if not exists tallies (name text not null, key text not null, at integer not null, primary key (name, key)) strict, without rowid;
create table if not exists limits (key text primary key, tokens real not null, counted_at real not null) strict, without rowid;
create table if not exists slices (key text not null, owner text not null, tokens real not null, credit real not null, weight real not null, until real not null, primary key (key, owner)) strict, without rowid;
create table if not exists event_pages (lookup text not null, read_at integer not null, since integer not null, until integer not null, sha256 text not null, content text not null, primary key (lookup, read_at, since, sha256)) strict, without rowid;
create table if not exists prepared (account text not null, region text not null, vpc text not null, level text not null, group_id text not null, primary key (account, region, vpc, level)) strict, without rowid;
`;

/** What tables of an older store lack, by the version that brought it. */
export const ADDED: readonly { readonly version: number; readonly table: string; readonly sql: string }[] = [
  { version: 4, table: "leases", sql: "alter table leases add column token integer not null default 0" },
];
