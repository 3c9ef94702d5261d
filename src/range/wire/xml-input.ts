import type { NormalizedSchema } from "@smithy/core/schema";
import { InputFault } from "./input-fault.ts";
import { parseScalar } from "./scalars.ts";
import { isScalar, requiredMembers, textTrait } from "./schema.ts";
import type { XmlElement } from "./xml-parser.ts";

/** Reads a value of the given schema from its element: https://smithy.io/2.0/spec/protocol-traits.html#xml-bindings */
export function decodeXml(schema: NormalizedSchema, element: XmlElement, path: string): unknown {
  if (schema.isStructSchema()) return structure(schema, element, path);
  if (schema.isListSchema()) return items(schema, element, path);
  if (schema.isMapSchema()) return map(schema, only(element, ["entry"]), path);
  if (!isScalar(schema)) throw invalid(path, "a value");
  if (element.children.length > 0) throw invalid(path, "text");
  return parseScalar(schema, schema.isStringSchema() ? element.text : element.text.trim(), path, "date-time");
}

function structure(schema: NormalizedSchema, element: XmlElement, path: string): Record<string, unknown> {
  const members = [...schema.structIterator()];
  const value = decodeXmlMembers(
    members.map(([name, member]) => ({ name, schema: member, isRequired: requiredMembers(schema).has(name) })),
    element,
    path,
  );
  if (schema.isUnionSchema() && Object.keys(value).length !== 1) throw invalid(path, "exactly one member of the union");
  return value;
}

/** A member of a structure, and whether it must be there. */
export interface XmlMember {
  readonly name: string;
  readonly schema: NormalizedSchema;
  readonly isRequired: boolean;
}

/** Reads some members of a structure from its element, which must hold no others. */
export function decodeXmlMembers(
  members: readonly XmlMember[],
  element: XmlElement,
  path: string,
): Record<string, unknown> {
  const known = new Set<string>();
  const entries: [string, unknown][] = [];
  for (const { name, schema, isRequired } of members) {
    const tag = textTrait(schema.getMemberTraits(), "xmlName") ?? name;
    const at = path === "" ? tag : `${path}.${tag}`;
    if (!schema.getMergedTraits().xmlAttribute) known.add(tag);
    const value = memberValue(schema, element, tag, at);
    if (value !== undefined) entries.push([name, value]);
    else if (isRequired) throw new InputFault({ kind: "missing", path: at });
  }
  const unknown = element.children.find(({ name }) => !known.has(name));
  if (unknown) throw new InputFault({ kind: "unknown", path: path === "" ? unknown.name : `${path}.${unknown.name}` });
  if (element.text.trim() !== "" && members.length > 0) throw invalid(path, "elements");
  return Object.fromEntries(entries);
}

function memberValue(schema: NormalizedSchema, element: XmlElement, tag: string, path: string): unknown {
  if (schema.getMergedTraits().xmlAttribute) {
    const text = element.attributes[tag];
    return text === undefined ? undefined : parseScalar(schema, text, path, "date-time");
  }
  const found = element.children.filter(({ name }) => name === tag);
  const [first, second] = found;
  if (!first) return undefined;
  if (schema.getMergedTraits().xmlFlattened && schema.isListSchema()) {
    return found.map((item, at) => decodeXml(schema.getValueSchema(), item, `${path}.${at + 1}`));
  }
  if (schema.getMergedTraits().xmlFlattened && schema.isMapSchema()) return map(schema, found, path);
  if (second) throw invalid(path, "one element");
  return decodeXml(schema, first, path);
}

function items(schema: NormalizedSchema, element: XmlElement, path: string): readonly unknown[] {
  const member = schema.getValueSchema();
  const tag = textTrait(member.getMergedTraits(), "xmlName") ?? "member";
  return only(element, [tag]).map((item, at) => decodeXml(member, item, `${path}.${at + 1}`));
}

function map(schema: NormalizedSchema, entries: readonly XmlElement[], path: string): Record<string, unknown> {
  const keyTag = textTrait(schema.getKeySchema().getMergedTraits(), "xmlName") ?? "key";
  const valueTag = textTrait(schema.getValueSchema().getMergedTraits(), "xmlName") ?? "value";
  const pairs = entries.map((entry): [string, unknown] => {
    const [key, value] = [keyTag, valueTag].map((tag) =>
      only(entry, [keyTag, valueTag]).find(({ name }) => name === tag),
    );
    if (!key || !value) throw invalid(path, `${keyTag} and ${valueTag}`);
    return [key.text, decodeXml(schema.getValueSchema(), value, `${path}.${key.text}`)];
  });
  return Object.fromEntries(pairs);
}

function only({ children }: XmlElement, tags: readonly string[]): readonly XmlElement[] {
  const unknown = children.find(({ name }) => !tags.includes(name));
  if (unknown) throw new InputFault({ kind: "unknown", path: unknown.name });
  return children;
}

function invalid(path: string, expected: string): InputFault {
  return new InputFault({ kind: "malformed", problem: `The element ${path} must hold ${expected}.` });
}
