import { NormalizedSchema } from "@smithy/core/schema";

/**
 * Where an answer is not of the shape that the service's own model gives it, in words; null where it is.
 *
 * The SDK reads what the wire brings without looking at it: a text stays a text where the model has a list, and every
 * function that trusts the types breaks in its own way. What is absent is no misfit: almost everything may be.
 */
export function misfitOf(command: { readonly schema?: unknown }, answer: object): string | null {
  const output: unknown = Array.isArray(command.schema) ? command.schema[5] : undefined;
  if (output === undefined) return null;
  return misfit(NormalizedSchema.of(output as Parameters<typeof NormalizedSchema.of>[0]), answer, "");
}

function misfit(schema: NormalizedSchema, value: unknown, path: string): string | null {
  if (value === undefined || value === null || schema.isUnitSchema() || schema.isDocumentSchema()) return null;
  if (schema.isStructSchema()) return misfitInStructure(schema, value, path);
  if (schema.isListSchema()) {
    if (!Array.isArray(value)) return `${path} is no list`;
    const member = schema.getValueSchema();
    return firstOf(value, (item, at) =>
      item === null ? `${path}.${at} is null` : misfit(member, item, `${path}.${at}`),
    );
  }
  if (schema.isMapSchema()) {
    if (!isRecord(value)) return `${path} is no map`;
    const member = schema.getValueSchema();
    return firstOf(Object.entries(value), ([key, item]) => misfit(member, item, `${path}.${key}`));
  }
  return isScalarOf(schema, value) ? null : `${path} is of another type`;
}

function misfitInStructure(schema: NormalizedSchema, value: unknown, path: string): string | null {
  if (!isRecord(value)) return `${path === "" ? "it" : path} is no structure`;
  for (const [name, member] of schema.structIterator()) {
    const found = misfit(member, value[name], path === "" ? name : `${path}.${name}`);
    if (found !== null) return found;
  }
  return null;
}

function isScalarOf(schema: NormalizedSchema, value: unknown): boolean {
  if (schema.isBlobSchema()) return typeof value === "object" || typeof value === "string";
  if (schema.isTimestampSchema()) return value instanceof Date && !Number.isNaN(value.getTime());
  if (schema.isBooleanSchema()) return typeof value === "boolean";
  if (schema.isNumericSchema()) return typeof value === "number" && !Number.isNaN(value);
  if (schema.isStringSchema()) return typeof Object(value).valueOf() === "string"; // JSON in a text is an object around it.
  return true; // Numbers beyond a double, which nothing here reads.
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function firstOf<Item>(items: readonly Item[], look: (item: Item, at: number) => string | null): string | null {
  for (const [at, item] of items.entries()) {
    const found = look(item, at);
    if (found !== null) return found;
  }
  return null;
}
