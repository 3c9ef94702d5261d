import { CordonError } from "../core/errors.ts";
import type { Command } from "@smithy/types";
import type { Json } from "../core/json.ts";
import { AwsCallError } from "./aws-call-error.ts";
import type { Sender } from "./sender.ts";

/** One part of a description: what AWS answered in its own words, or why it did not, and when that was. */
export type Part = { readonly readAt: string } & (
  { readonly answer: Json } | { readonly error: { readonly code: string; readonly message: string } }
);

/** Parts by name. */
export type Parts = Readonly<Record<string, Part>>;

/** Pages that we read before we give up. */
const mostPages = 50;

/** Reads parts side by side. One that cannot be read says why, and keeps none of the others. */
export async function readParts(
  now: () => number,
  readings: Readonly<Record<string, () => Promise<Json>>>,
): Promise<Parts> {
  const entries = Object.entries(readings).map(
    async ([name, reading]) => [name, await readPart(now, reading)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

async function readPart(now: () => number, reading: () => Promise<Json>): Promise<Part> {
  const readAt = new Date(now()).toISOString();
  try {
    return { readAt, answer: await reading() };
  } catch (error) {
    if (!(error instanceof AwsCallError)) throw error; // Called off, or a mistake of ours.
    return { readAt, error: { code: error.awsCode, message: error.message } };
  }
}

type AnyCommand = Command<any, any, any, any, any>; // oxlint-disable-line no-explicit-any -- as in Sender.

/** Everything that an answer says, as JSON: times as text, bytes in base 64. */
export async function answered(sender: Sender, command: AnyCommand): Promise<Json> {
  const { $metadata: _, ...answer } = (await sender.send(command)) as Record<string, unknown>;
  return asJson(answer);
}

/** All members of a list, page after page. */
export async function listed(
  sender: Sender,
  member: string,
  commandFor: (token: string | undefined) => AnyCommand,
): Promise<Json> {
  const found: Json[] = [];
  let token: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const answer = (await sender.send(commandFor(token))) as Record<string, unknown>;
    const members = asJson(answer[member] ?? []);
    if (Array.isArray(members)) found.push(...(members as readonly Json[]));
    token = tokenIn(answer);
    if (token === undefined) return found;
  }
  throw new CordonError("list_without_end", { what: `list of ${member}`, pages: String(mostPages) });
}

function tokenIn({ NextToken, NextMarker, Marker, IsTruncated }: Record<string, unknown>): string | undefined {
  const token = NextToken ?? NextMarker ?? (IsTruncated === true ? Marker : undefined);
  return typeof token === "string" && token !== "" ? token : undefined;
}

function asJson(value: unknown): Json {
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(asJson);
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return Object.fromEntries(members.map(([name, member]) => [name, asJson(member)]));
  }
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
}

/** Every text that stands under a name, alone or in a list, however deep, each once and in order: the ids that further parts ask for. */
export function textsUnder(part: Part | undefined, name: string): readonly string[] {
  const found = new Set<string>();
  const look = (value: Json): void => {
    if (value === null || typeof value !== "object") return;
    for (const [key, member] of Object.entries(value)) {
      if (key === name) for (const text of [member].flat()) if (typeof text === "string") found.add(text);
      look(member);
    }
  };
  if (part && "answer" in part) look(part.answer);
  return [...found].sort();
}
