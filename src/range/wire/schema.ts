import type { NormalizedSchema } from "@smithy/core/schema";

/** Names of the members that the model requires: the first ones of a structure, as many as its seventh element says. */
export function requiredMembers(schema: NormalizedSchema): ReadonlySet<string> {
  if (!schema.isStructSchema() || schema.isUnionSchema()) return new Set();
  const structure = schema.getSchema() as unknown as readonly unknown[];
  const names = structure[4] as readonly string[];
  const count = structure[6];
  return new Set(typeof count === "number" ? names.slice(0, count) : []);
}

/** Whether a value of this schema is written as one piece of text: neither structure, list, map nor document. */
export function isScalar(schema: NormalizedSchema): boolean {
  return !schema.isStructSchema() && !schema.isListSchema() && !schema.isMapSchema() && !schema.isDocumentSchema();
}

/** A text trait of a schema, or undefined. */
export function textTrait(
  traits: ReturnType<NormalizedSchema["getMergedTraits"]>,
  name: "xmlName" | "ec2QueryName" | "jsonName",
): string | undefined {
  const value: unknown = traits[name];
  return typeof value === "string" ? value : undefined;
}
