import type { NormalizedSchema } from "@smithy/core/schema";
import { InputFault } from "./input-fault.ts";
import type { FormNode } from "./query-form.ts";
import { parseScalar } from "./scalars.ts";
import { requiredMembers, textTrait } from "./schema.ts";

/** The two ways to write an input as a form: https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html */
export type QueryDialect = "ec2Query" | "awsQuery";

/** Reads an operation's input from the form's tree. */
export function decodeForm(schema: NormalizedSchema, root: FormNode, dialect: QueryDialect): Record<string, unknown> {
  if (schema.isUnitSchema()) {
    refuseOthers(root, new Set(), "");
    return {};
  }
  return structure(schema, root, "", dialect);
}

function decode(schema: NormalizedSchema, node: FormNode, path: string, dialect: QueryDialect): unknown {
  if (schema.isStructSchema()) {
    if (node.value !== null) refuseText(node.value, path, "structure");
    return structure(schema, node, path, dialect);
  }
  if (schema.isListSchema()) return list(schema, node, path, dialect);
  if (schema.isMapSchema()) return map(schema, node, path, dialect);
  if (node.value === null) throw new InputFault({ kind: "unknown", path: firstLeaf(node, path) });
  refuseOthers(node, new Set(), path);
  return parseScalar(schema, node.value, path, "date-time");
}

function structure(
  schema: NormalizedSchema,
  node: FormNode,
  path: string,
  dialect: QueryDialect,
): Record<string, unknown> {
  const required = requiredMembers(schema);
  const known = new Set<string>();
  const entries: [string, unknown][] = [];
  let missing: string | null = null;
  for (const [name, member] of schema.structIterator()) {
    const key = memberKey(name, member, dialect);
    known.add(key);
    const child = node.children.get(key);
    if (child) entries.push([name, decode(member, child, join(path, key), dialect)]);
    else if (required.has(name)) missing ??= join(path, key);
  }
  refuseOthers(node, known, path);
  if (missing !== null) throw new InputFault({ kind: "missing", path: missing });
  return Object.fromEntries(entries);
}

/** EC2 writes its own name of a member if there is one, or else the XML name with a capital letter. */
function memberKey(name: string, member: NormalizedSchema, dialect: QueryDialect): string {
  const traits = member.getMergedTraits();
  const key = textTrait(traits, "xmlName") ?? name;
  if (dialect === "awsQuery") return key;
  return textTrait(traits, "ec2QueryName") ?? key.charAt(0).toUpperCase() + key.slice(1);
}

function list(schema: NormalizedSchema, node: FormNode, path: string, dialect: QueryDialect): readonly unknown[] {
  if (node.value !== null) {
    if (node.value !== "") refuseText(node.value, path, "list");
    refuseOthers(node, new Set(), path);
    return [];
  }
  const member = schema.getValueSchema();
  const isFlat = dialect === "ec2Query" || Boolean(schema.getMergedTraits().xmlFlattened);
  if (isFlat) return numbered(node, path).map(([item, at]) => decode(member, item, at, dialect));
  const key = textTrait(member.getMergedTraits(), "xmlName") ?? "member";
  return inside(node, key, path).map(([item, at]) => decode(member, item, at, dialect));
}

function map(
  schema: NormalizedSchema,
  node: FormNode,
  path: string,
  dialect: QueryDialect,
): Readonly<Record<string, unknown>> {
  const keySchema = schema.getKeySchema();
  const valueSchema = schema.getValueSchema();
  const keyName = textTrait(keySchema.getMergedTraits(), "xmlName") ?? "key";
  const valueName = textTrait(valueSchema.getMergedTraits(), "xmlName") ?? "value";
  const isFlat = Boolean(schema.getMergedTraits().xmlFlattened);
  const items = isFlat ? numbered(node, path) : inside(node, "entry", path);
  return Object.fromEntries(
    items.map(([item, at]) => {
      const key = item.children.get(keyName);
      const value = item.children.get(valueName);
      if (!key) throw new InputFault({ kind: "missing", path: join(at, keyName) });
      if (!value) throw new InputFault({ kind: "missing", path: join(at, valueName) });
      refuseOthers(item, new Set([keyName, valueName]), at);
      const name = decode(keySchema, key, join(at, keyName), dialect) as string;
      return [name, decode(valueSchema, value, join(at, valueName), dialect)];
    }),
  );
}

function inside(node: FormNode, key: string, path: string): readonly (readonly [FormNode, string])[] {
  refuseOthers(node, new Set([key]), path);
  const child = node.children.get(key);
  return child ? numbered(child, join(path, key)) : [];
}

/** Children in the order of their numbers, which may have gaps, as AWS allows. */
function numbered(node: FormNode, path: string): readonly (readonly [FormNode, string])[] {
  for (const [name, child] of node.children) {
    if (!/^\d{1,9}$/.test(name)) throw new InputFault({ kind: "unknown", path: firstLeaf(child, join(path, name)) });
  }
  return [...node.children]
    .sort(([one], [other]) => Number(one) - Number(other))
    .map(([name, child]) => [child, join(path, name)]);
}

function refuseOthers(node: FormNode, known: ReadonlySet<string>, path: string): void {
  for (const [name, child] of node.children) {
    if (!known.has(name)) throw new InputFault({ kind: "unknown", path: firstLeaf(child, join(path, name)) });
  }
}

function refuseText(value: string, path: string, expected: string): never {
  throw new InputFault({ kind: "invalid", path, value, expected });
}

/** The whole name of a parameter under this node, as the caller sent it. */
function firstLeaf(node: FormNode, path: string): string {
  for (let at = node, name = path; ;) {
    const next = at.value === null ? at.children.entries().next().value : undefined;
    if (!next) return name;
    [name, at] = [join(name, next[0]), next[1]];
  }
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}
