/** Pages of CloudTrail in SQLite. */
import type { EventPage, EventPages } from "../core/event-pages.ts";
import type { Queue } from "./group-commit.ts";

type Row = Readonly<Record<string, string | number | null>>;

interface Statement {
  run(...parameters: unknown[]): unknown;
  all(...parameters: unknown[]): unknown[];
}

export function eventPagesOf(sql: (statement: string) => Statement, queue: Queue): EventPages {
  return {
    eventPages: async (lookup, since) =>
      sql("select * from event_pages where lookup = ? and until >= ? order by read_at, until desc")
        .all(lookup, since)
        .map((row) => pageOf(row as Row)),
    putEventPage: ({ lookup, readAt, since, until, content, sha256 }, forgetBefore) =>
      queue.write(() => {
        sql("delete from event_pages where lookup = ? and until < ?").run(lookup, forgetBefore);
        sql("insert or ignore into event_pages values (?, ?, ?, ?, ?, ?)").run(
          lookup,
          readAt,
          since,
          until,
          sha256,
          content,
        );
      }),
  };
}

function pageOf(row: Row): EventPage {
  return {
    lookup: String(row["lookup"]),
    readAt: Number(row["read_at"]),
    since: Number(row["since"]),
    until: Number(row["until"]),
    content: String(row["content"]),
    sha256: String(row["sha256"]),
  };
}
