import { z } from "zod";
import { uploadShape } from "../../core/large-content.ts";

/** What the host said when it had sent everything. */
const told = z.strictObject({
  parts: z.int().min(1),
  bytes: z.int().min(1),
  sha256: z.string(),
  commandId: z.string(),
  startedAt: z.string(),
  endedAt: z.string(),
});

export type Told = z.infer<typeof told>;

const laid = z.strictObject({
  location: z.string(),
  bytes: z.number(),
  lock: z.strictObject({ mode: z.enum(["governance", "compliance"]), until: z.string() }).nullable(),
  version: z.string().nullable(),
});

/** How far a capture is. What has an `upload` is abandoned by the engine when it fails. */
export const memoryProgress = z.discriminatedUnion("phase", [
  /** The agent is not there yet: a profile that lets it work was attached a moment ago. */
  z.strictObject({ phase: z.literal("awaiting"), since: z.number() }),
  /** Nothing was sent to the host yet; the vault waits for parts. */
  z.strictObject({ phase: z.literal("opened"), upload: uploadShape }),
  z.strictObject({ phase: z.literal("capturing"), upload: uploadShape, commandId: z.string(), linksUntil: z.number() }),
  z.strictObject({ phase: z.literal("arrived"), upload: uploadShape, told }),
  /** It lies under its key, and is read back: the running SHA-256 of all before `from`. */
  z.strictObject({
    phase: z.literal("reading"),
    upload: uploadShape,
    told,
    laid,
    from: z.number(),
    hash: z.string().nullable(),
  }),
]);

export type MemoryProgress = z.infer<typeof memoryProgress>;
export type Phase<Name extends MemoryProgress["phase"]> = Extract<MemoryProgress, { readonly phase: Name }>;

/** What was linked to: the host can have sent no more. */
export interface Linked {
  readonly parts: number;
  readonly partBytes: number;
}

/**
 * What the script prints at its end; null for anything else, and for numbers that no capture through these links can
 * have: whoever rules the host can print what he likes.
 */
export function readTold(output: string, linked: Linked): Pick<Told, "parts" | "bytes" | "sha256"> | null {
  const [, ...found] = /^cordon: parts=(\d{1,5}) bytes=(\d{1,15}) sha256=([0-9a-f]{64})\s*$/m.exec(output) ?? [];
  const [parts, bytes, sha256] = [Number(found[0]), Number(found[1]), found[2]];
  if (sha256 === undefined || parts < 1 || parts > linked.parts) return null;
  return bytes < 1 || bytes > parts * linked.partBytes ? null : { parts, bytes, sha256 };
}

/** Why the script stopped, in its own words: text of the target. */
export function reasonIn(output: string): string | null {
  return /^cordon: (.{1,900})/m.exec(output)?.[1] ?? null;
}
