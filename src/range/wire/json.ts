import type { NormalizedSchema } from "@smithy/core/schema";
import { InputFault, MAXIMUM_DEPTH } from "./input-fault.ts";
import { formatScalar, parseBlob, wrongOutput } from "./scalars.ts";
import { requiredMembers, textTrait } from "./schema.ts";
import { parseTimestamp, timestampFormat } from "./timestamps.ts";
import { asList, asRecord, refuseUnknown } from "./xml-output.ts";

/** How a JSON protocol names members: by the model's names, or by the trait `jsonName` where there is one. */
export type JsonNames = "member" | "jsonName";

/** Parses a body; an empty one is an empty structure. */
export function parseJson(body: Uint8Array): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(strictUtf8.decode(body)) as unknown;
  } catch {
    throw new InputFault({ kind: "malformed", problem: "The body is not JSON in UTF-8." });
  }
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

/** Reads a value of the given schema from parsed JSON. */
export function decodeJson(schema: NormalizedSchema, value: unknown, names: JsonNames, path = "", depth = 0): unknown {
  if (depth > MAXIMUM_DEPTH) throw new InputFault({ kind: "malformed", problem: "The body is nested too deeply." });
  if (schema.isUnitSchema()) return decodeUnit(value);
  if (schema.isStructSchema()) return decodeStructure(schema, value, names, path, depth);
  if (schema.isListSchema()) {
    if (!Array.isArray(value)) throw invalid(path, value, "List");
    const items: readonly unknown[] = value;
    const member = schema.getValueSchema();
    return items.map((item, at) => {
      if (item === null && schema.getMergedTraits().sparse) return null;
      return decodeJson(member, item, names, join(path, String(at + 1)), depth + 1);
    });
  }
  if (schema.isMapSchema()) {
    const member = schema.getValueSchema();
    const entries = Object.entries(readRecord(value, path, "Map"));
    return Object.fromEntries(
      entries
        .filter(([, item]) => item !== null || Boolean(schema.getMergedTraits().sparse))
        .map(([key, item]) => [
          key,
          item === null ? null : decodeJson(member, item, names, join(path, key), depth + 1),
        ]),
    );
  }
  return decodeScalar(schema, value, path);
}

function decodeUnit(value: unknown): Record<string, unknown> {
  const [first] = Object.keys(readRecord(value, "", "Structure"));
  if (first !== undefined) throw new InputFault({ kind: "unknown", path: first });
  return {};
}

function decodeStructure(
  schema: NormalizedSchema,
  value: unknown,
  names: JsonNames,
  path: string,
  depth: number,
): Record<string, unknown> {
  const members = readRecord(value, path, "Structure");
  const required = requiredMembers(schema);
  const known = new Set<string>(["__type"]);
  const entries: [string, unknown][] = [];
  for (const [name, member] of schema.structIterator()) {
    const key = memberKey(name, member, names);
    known.add(key);
    const content = Object.hasOwn(members, key) ? members[key] : null;
    if (content !== null && content !== undefined) {
      entries.push([name, decodeJson(member, content, names, join(path, key), depth + 1)]);
    } else if (required.has(name)) throw new InputFault({ kind: "missing", path: join(path, key) });
  }
  for (const key of Object.keys(members)) {
    if (!known.has(key)) throw new InputFault({ kind: "unknown", path: join(path, key) });
  }
  if (schema.isUnionSchema() && entries.length !== 1) throw invalid(path, value, "exactly one member of the union");
  return Object.fromEntries(entries);
}

function decodeScalar(schema: NormalizedSchema, value: unknown, path: string): unknown {
  if (schema.isDocumentSchema()) return value;
  if (schema.isStringSchema() && typeof value === "string") return value;
  if (schema.isBooleanSchema() && typeof value === "boolean") return value;
  if (schema.isTimestampSchema()) {
    const format = timestampFormat(schema, "epoch-seconds");
    const isText = typeof value === (format === "epoch-seconds" ? "number" : "string");
    const date = isText ? parseTimestamp(String(value), format) : null;
    if (date) return date;
  }
  if (schema.isBlobSchema() && typeof value === "string") return parseBlob(value, path);
  if (schema.isNumericSchema() || schema.isBigDecimalSchema()) {
    if (typeof value === "number") return value;
    if (value === "NaN" || value === "Infinity" || value === "-Infinity") return Number(value);
  }
  if (schema.isBigIntegerSchema() && Number.isSafeInteger(value)) return BigInt(value as number);
  throw invalid(path, value, schema.getName() ?? "another type");
}

/**
 * Writes a value as plain data for JSON.
 *
 * @throws TypeError when the value does not fit the schema.
 */
export function encodeJson(schema: NormalizedSchema, value: unknown, names: JsonNames, path: string): unknown {
  if (schema.isUnitSchema()) return {};
  if (schema.isDocumentSchema()) return value;
  if (schema.isStructSchema()) {
    const members = asRecord(value, path);
    refuseUnknown(schema, members, path);
    const entries: [string, unknown][] = [];
    for (const [name, member] of schema.structIterator()) {
      const content = members[name];
      if (content === undefined || content === null) continue;
      entries.push([memberKey(name, member, names), encodeJson(member, content, names, `${path}.${name}`)]);
    }
    return Object.fromEntries(entries);
  }
  if (schema.isListSchema()) {
    const member = schema.getValueSchema();
    const isSparse = Boolean(schema.getMergedTraits().sparse);
    return asList(value, path).map((item, at) =>
      item === null && isSparse ? null : encodeJson(member, item, names, `${path}[${at}]`),
    );
  }
  if (schema.isMapSchema()) {
    const member = schema.getValueSchema();
    const entries = Object.entries(asRecord(value, path)).filter(([, item]) => item !== undefined);
    return Object.fromEntries(entries.map(([key, item]) => [key, encodeJson(member, item, names, `${path}[${key}]`)]));
  }
  return encodeScalar(schema, value, path);
}

function encodeScalar(schema: NormalizedSchema, value: unknown, path: string): unknown {
  const text = formatScalar(schema, value, path, "epoch-seconds");
  if (schema.isTimestampSchema()) {
    return timestampFormat(schema, "epoch-seconds") === "epoch-seconds" ? Number(text) : text;
  }
  if (schema.isBooleanSchema()) return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : text;
  if (typeof value === "bigint") {
    if (!Number.isSafeInteger(Number(value))) throw wrongOutput(path, "is too big a number for JSON");
    return Number(value);
  }
  return text;
}

function memberKey(name: string, member: NormalizedSchema, names: JsonNames): string {
  return names === "jsonName" ? (textTrait(member.getMergedTraits(), "jsonName") ?? name) : name;
}

function readRecord(value: unknown, path: string, expected: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(path, value, expected);
  return value as Readonly<Record<string, unknown>>;
}

function invalid(path: string, value: unknown, expected: string): InputFault {
  return new InputFault({ kind: "invalid", path, value: JSON.stringify(value).slice(0, 100), expected });
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}
