import type { NormalizedSchema } from "@smithy/core/schema";
import { InputFault } from "./input-fault.ts";
import { formatTimestamp, parseTimestamp, timestampFormat, type TimestampFormat } from "./timestamps.ts";

const number = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
const specialNumbers: ReadonlySet<string> = new Set(["NaN", "Infinity", "-Infinity"]);
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

/** Reads a scalar from the text that the query protocols and XML carry. `path` names it in errors. */
export function parseScalar(
  schema: NormalizedSchema,
  text: string,
  path: string,
  timestamps: TimestampFormat,
): unknown {
  if (schema.isStringSchema()) return text;
  if (schema.isBooleanSchema()) return parseBoolean(text, path);
  if (schema.isNumericSchema() || schema.isBigDecimalSchema()) return parseNumber(text, path);
  if (schema.isBigIntegerSchema()) return parseBigInteger(text, path);
  if (schema.isTimestampSchema()) {
    const date = parseTimestamp(text, timestampFormat(schema, timestamps));
    if (!date) throw new InputFault({ kind: "invalid", path, value: text, expected: "Timestamp" });
    return date;
  }
  if (schema.isBlobSchema()) return parseBlob(text, path);
  throw new InputFault({ kind: "unknown", path });
}

function parseBoolean(text: string, path: string): boolean {
  const lower = text.toLowerCase(); // EC2 takes True and TRUE as well; older SDKs send them.
  if (lower === "true" || lower === "false") return lower === "true";
  throw new InputFault({ kind: "invalid", path, value: text, expected: "Boolean" });
}

function parseNumber(text: string, path: string): number {
  if (number.test(text) || specialNumbers.has(text)) return Number(text);
  throw new InputFault({ kind: "invalid", path, value: text, expected: "Number" });
}

function parseBigInteger(text: string, path: string): bigint {
  if (/^-?\d{1,1000}$/.test(text)) return BigInt(text);
  throw new InputFault({ kind: "invalid", path, value: text, expected: "Integer" });
}

/** Reads a blob from base64. */
export function parseBlob(text: string, path: string): Uint8Array {
  if (!base64.test(text)) throw new InputFault({ kind: "invalid", path, value: text, expected: "Base64" });
  return new Uint8Array(Buffer.from(text, "base64"));
}

/**
 * Writes a scalar of an output as text.
 *
 * @throws TypeError when the value is not of the schema's type: the handler's mistake, which a test should see.
 */
export function formatScalar(
  schema: NormalizedSchema,
  value: unknown,
  path: string,
  timestamps: TimestampFormat,
): string {
  if (schema.isTimestampSchema() && value instanceof Date && !Number.isNaN(value.getTime())) {
    return formatTimestamp(value, timestampFormat(schema, timestamps));
  }
  if (schema.isBlobSchema() && value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (schema.isStringSchema() && typeof value === "string") return value;
  if (schema.isBooleanSchema() && typeof value === "boolean") return String(value);
  if ((schema.isNumericSchema() || schema.isBigDecimalSchema()) && typeof value === "number") return String(value);
  if (schema.isBigIntegerSchema() && typeof value === "bigint") return String(value);
  throw wrongOutput(path, `cannot be ${describe(value)}`);
}

/** The error for an output that does not fit the operation's schema. */
export function wrongOutput(path: string, problem: string): TypeError {
  return new TypeError(`the handler's output does not fit AWS's model: ${path} ${problem}`);
}

function describe(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "a list" : typeof value;
}
