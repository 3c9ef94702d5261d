import { CordonError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import { jsonFault } from "./json-position.ts";
import { printable } from "./printable.ts";

/** The largest document that is read. Whoever reads from a file or the network need not read on beyond it. */
export const LARGEST_DOCUMENT_BYTES = 4 * 1024 * 1024;

const DEEPEST_NESTING = 64;

export type Members = { readonly [key: string]: Json };

/** Refuses a document, with the reason. */
export type Refuse = (reason: string) => never;

/** @throws CordonError `finding_unreadable`, from what it returns */
export function refusalOf(file: string): Refuse {
  return (reason) => {
    throw new CordonError("finding_unreadable", { file: printable(file), reason: printable(reason) });
  };
}

/** Reads JSON out of bytes. What is too large is refused before anything looks into it. */
export function parseDocument(received: Uint8Array | string, refuse: Refuse): { json: Json; bytes: Uint8Array } {
  const bytes = typeof received === "string" ? new TextEncoder().encode(received) : received;
  if (bytes.byteLength > LARGEST_DOCUMENT_BYTES)
    return refuse(`it is larger than ${LARGEST_DOCUMENT_BYTES} bytes, the most that is read`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return refuse("it is not UTF-8 text");
  }
  if (text.trim() === "") return refuse("it is empty");
  try {
    return { json: JSON.parse(text) as Json, bytes };
  } catch {
    const { line, column, found } = jsonFault(text) ?? { line: 1, column: 1, found: "something" };
    return refuse(`it is not JSON: line ${line}, column ${column}: ${found} does not belong there`);
  }
}

/** The API of GuardDuty writes `AccountId` where EventBridge writes `accountId`; nothing else differs. */
export function withEventBridgeSpelling(value: Json, refuse: Refuse, depth = 0): Json {
  if (depth > DEEPEST_NESTING) return refuse(`it is nested deeper than ${DEEPEST_NESTING} levels`);
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item: Json) => withEventBridgeSpelling(item, refuse, depth + 1));
  return Object.fromEntries(
    Object.entries(value as Members).map(([key, member]) => [
      key.charAt(0).toLowerCase() + key.slice(1),
      withEventBridgeSpelling(member, refuse, depth + 1),
    ]),
  );
}

export function isObject(value: Json | undefined): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What stands at a path, as people may read it; null where nothing does. */
export function foundAt(document: Json, path: readonly PropertyKey[]): string | null {
  let value: Json | undefined = document;
  for (const part of path) {
    if (Array.isArray(value)) value = (value as readonly Json[])[Number(part)];
    else if (isObject(value)) value = value[String(part)];
    else return null;
  }
  if (value === undefined || value === null || typeof value === "object") return null;
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 79)}...` : text;
}
