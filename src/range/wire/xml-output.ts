import type { NormalizedSchema } from "@smithy/core/schema";
import { formatScalar, wrongOutput } from "./scalars.ts";
import { isScalar, textTrait } from "./schema.ts";

/** Text for XML, with the characters escaped that a parser would read otherwise or drop. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"'\r\n\u0085\u2028]/g, (character) => escapes[character] ?? character);
}

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
  "\r": "&#xD;",
  "\n": "&#xA;",
  "\u0085": "&#x85;",
  "\u2028": "&#x2028;",
};

/** An element; `content` is XML already. */
export function element(name: string, content: string, attributes = ""): string {
  return content === "" ? `<${name}${attributes}/>` : `<${name}${attributes}>${content}</${name}>`;
}

/** An element that holds text. */
export function textElement(name: string, text: string): string {
  return `<${name}>${escapeXml(text)}</${name}>`;
}

/**
 * The members of a structure as XML, without the structure's own element.
 *
 * @throws TypeError when the value does not fit the schema.
 */
export function encodeMembers(schema: NormalizedSchema, value: unknown, path: string): string {
  if (schema.isUnitSchema()) return "";
  const members = asRecord(value, path);
  refuseUnknown(schema, members, path);
  let xml = "";
  for (const [name, member] of schema.structIterator()) {
    const content = members[name];
    if (content === undefined || content === null || member.getMergedTraits().xmlAttribute) continue;
    xml += named(textTrait(member.getMemberTraits(), "xmlName") ?? name, member, content, `${path}.${name}`);
  }
  return xml;
}

/** A value with its element, or with its elements if it is a flattened list or map. */
function named(name: string, schema: NormalizedSchema, value: unknown, path: string): string {
  const isFlat = Boolean(schema.getMergedTraits().xmlFlattened);
  if (schema.isListSchema()) {
    const items = asList(value, path);
    if (isFlat) return items.map((item, at) => named(name, schema.getValueSchema(), item, `${path}[${at}]`)).join("");
    return element(name, listContent(schema, items, path));
  }
  if (schema.isMapSchema()) {
    const entries = mapEntries(schema, value, path);
    return isFlat
      ? entries.map((entry) => element(name, entry)).join("")
      : element(name, entries.map((entry) => element("entry", entry)).join(""));
  }
  if (schema.isStructSchema()) {
    return element(name, encodeMembers(schema, value, path), attributesOf(schema, value, path));
  }
  if (!isScalar(schema)) throw wrongOutput(path, "is a document, which XML cannot carry");
  return textElement(name, formatScalar(schema, value, path, "date-time"));
}

function listContent(schema: NormalizedSchema, items: readonly unknown[], path: string): string {
  const member = schema.getValueSchema();
  const name = textTrait(member.getMergedTraits(), "xmlName") ?? "member";
  return items.map((item, at) => named(name, member, item, `${path}[${at}]`)).join("");
}

function mapEntries(schema: NormalizedSchema, value: unknown, path: string): readonly string[] {
  const keySchema = schema.getKeySchema();
  const valueSchema = schema.getValueSchema();
  const keyName = textTrait(keySchema.getMergedTraits(), "xmlName") ?? "key";
  const valueName = textTrait(valueSchema.getMergedTraits(), "xmlName") ?? "value";
  return Object.entries(asRecord(value, path)).map(
    ([key, content]) =>
      named(keyName, keySchema, key, path) + named(valueName, valueSchema, content, `${path}[${key}]`),
  );
}

function attributesOf(schema: NormalizedSchema, value: unknown, path: string): string {
  let text = "";
  const namespace = schema.getMergedTraits().xmlNamespace as readonly [string, string] | undefined;
  if (namespace) {
    const [prefix, uri] = namespace;
    text += ` xmlns${prefix ? `:${prefix}` : ""}="${escapeXml(uri)}"`;
  }
  for (const [name, member] of schema.structIterator()) {
    const content = asRecord(value, path)[name];
    if (!member.getMergedTraits().xmlAttribute || content === undefined || content === null) continue;
    const attribute = textTrait(member.getMergedTraits(), "xmlName") ?? name;
    text += ` ${attribute}="${escapeXml(formatScalar(member, content, `${path}.${name}`, "date-time"))}"`;
  }
  return text;
}

/** The value as a structure; anything else is the handler's mistake. */
export function asRecord(value: unknown, path: string): Readonly<Record<string, unknown>> {
  const isRecord = typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
  if (!isRecord || value instanceof Uint8Array) throw wrongOutput(path, "must be a structure");
  return value as Readonly<Record<string, unknown>>;
}

/** The value as a list; anything else is the handler's mistake. */
export function asList(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrongOutput(path, "must be a list");
  return value;
}

/** A member that the model does not have would get lost on the way: most often a misspelt name. */
export function refuseUnknown(
  schema: NormalizedSchema,
  members: Readonly<Record<string, unknown>>,
  path: string,
): void {
  const known = new Set<string>(["$metadata"]);
  for (const [name] of schema.structIterator()) known.add(name);
  for (const name of Object.keys(members)) {
    if (!known.has(name)) throw wrongOutput(`${path}.${name}`, "is no member of the shape");
  }
}
