import type { z } from "zod";
import type { Json } from "../core/json.ts";
import { demand } from "./contract-breach.ts";

/** A value as the journal gives it back. Breaks the contract where something was lost on the way. */
export function throughJson<Value>(value: Value, what: string): Value {
  const lost = lossOf(value, what);
  demand(lost === null, `${lost ?? what} does not survive JSON: the journal could not give it back`);
  return JSON.parse(JSON.stringify(value)) as Value;
}

/** Checks a value against the schema that its step declares. */
export function demandShape(schema: z.ZodType, value: Json, what: string): void {
  const parsed = schema.safeParse(value);
  demand(
    parsed.success,
    `${what} is not of the step's own schema: ${parsed.error?.issues.map(({ message, path }) => `${path.join(".")} ${message}`).join("; ") ?? ""}`,
  );
}

/** The path of the first member that JSON would drop or change, else null. */
function lossOf(value: unknown, path: string): string | null {
  switch (typeof value) {
    case "string":
    case "boolean":
      return null;
    case "number":
      return Number.isFinite(value) ? null : path;
    case "object":
      return value === null ? null : lossIn(value, path);
    default:
      return path;
  }
}

function lossIn(value: object, path: string): string | null {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return path;
  for (const [name, member] of Object.entries(value)) {
    const lost = lossOf(member, `${path}.${name}`);
    if (lost !== null) return lost;
  }
  return null;
}
