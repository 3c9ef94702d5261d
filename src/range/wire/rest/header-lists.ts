import type { NormalizedSchema } from "@smithy/core/schema";
import { timestampFormat } from "../timestamps.ts";

/** The items of a header that holds a list: https://smithy.io/2.0/spec/http-bindings.html#httpheader-trait */
export function splitHeader(item: NormalizedSchema, text: string): readonly string[] {
  // Dates of HTTP have a comma of their own.
  const isHttpDate = item.isTimestampSchema() && timestampFormat(item, "http-date") === "http-date";
  if (isHttpDate) return (text.match(/[^,]*,[^,]*/g) ?? []).map((part) => part.trim());
  const parts = text.match(/"(?:[^"\\]|\\.)*"|[^,]+/g) ?? [];
  return parts
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => (part.startsWith('"') ? part.slice(1, -1).replaceAll(/\\(.)/g, "$1") : part));
}

/** Writes a list into one header. */
export function joinHeader(items: readonly string[], schema: NormalizedSchema): string {
  const isText = schema.isStringSchema();
  return items
    .map((item) => (isText && /[",]/.test(item) ? `"${item.replaceAll(/["\\]/g, "\\$&")}"` : item))
    .join(", ");
}
