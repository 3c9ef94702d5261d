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

/** What the script prints at its end; null for anything else. */
export function readTold(output: string): Pick<Told, "parts" | "bytes" | "sha256"> | null {
  const [, parts, bytes, sha256] = /^cordon: parts=(\d+) bytes=(\d+) sha256=([0-9a-f]{64})\s*$/m.exec(output) ?? [];
  if (parts === undefined || bytes === undefined || sha256 === undefined || Number(parts) < 1) return null;
  return { parts: Number(parts), bytes: Number(bytes), sha256 };
}

/** Why the script stopped, in its own words: text of the target. */
export function reasonIn(output: string): string | null {
  return /^cordon: (.{1,900})/m.exec(output)?.[1] ?? null;
}
