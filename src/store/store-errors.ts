/** What SQLite says about a file, in the words of the catalogue of errors. */
import { CordonError } from "../core/errors.ts";

/** SQLite's primary result codes. https://www.sqlite.org/rescode.html */
const PERM = 3;
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

/** The error of the catalogue for one of SQLite; any other error as it is. */
export function storeError(error: unknown, file: string): unknown {
  if (!(error instanceof Error) || error instanceof CordonError) return error;
  const reason = error.message;
  const options = { cause: error };
  switch (primaryCode(error)) {
    case BUSY:
    case LOCKED:
      return new CordonError("store_busy", { what: `the store ${file}`, until: "its write is done" }, options);
    case FULL:
      return new CordonError("disk_full", { what: `the store ${file}` }, options);
    case PERM:
    case READONLY:
      return new CordonError("store_unwritable", { file, reason }, options);
    case CANTOPEN:
      return new CordonError("store_unwritable", { file, reason: "the file cannot be opened" }, options);
    case IOERR:
      return new CordonError("store_failed", { file, reason }, options);
    case CORRUPT:
      return new CordonError("store_damaged", { file, reason }, options);
    case NOTADB:
      return new CordonError("store_foreign", { file, reason }, options);
    default:
      return error;
  }
}

/** Does some work with a store, and throws what SQLite says in the words of the catalogue. */
export function inStoreWords<Result>(file: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw storeError(error, file);
  }
}

/** Extended codes have the primary one in their last byte. A connection that cannot be opened has the code in its message only. */
function primaryCode(error: Error): number | null {
  const { rawCode } = error as { readonly rawCode?: unknown };
  if (typeof rawCode === "number") return rawCode & 0xff;
  const code = /^ConnectionFailed\(.*: (\d+)"\)$/.exec(error.message)?.[1];
  return code === undefined ? null : Number(code) & 0xff;
}
