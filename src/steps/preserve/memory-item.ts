import { z } from "zod";
import { Refusal } from "../../core/errors.ts";
import { later, type CollectResult } from "../../core/step.ts";
import type { MemoryProgress } from "./memory-progress.ts";

export const MIB = 1024 * 1024;

/** So many links, of which only number and signature differ, fit into the 64 KB of a command with room to spare. */
export const MOST_PARTS = 600;

/** Each part is a call to S3 and a signature; a part in the making lies on the host's disk. */
const USUAL_PARTS = 150;
const SMALLEST_PART_MIB = 16;
const LARGEST_USUAL_PART_MIB = 512;

export const memoryItem = z.strictObject({
  platform: z.enum(["Linux", "Windows"]),
  tool: z.union([
    z.strictObject({ from: z.literal("host"), path: z.string(), sha256: z.string() }),
    z.strictObject({ from: z.literal("vault"), key: z.string(), sha256: z.string() }),
  ]),
  instanceType: z.string(),
  memoryMiB: z.int(),
  partMiB: z.int(),
});

export type MemoryDetails = z.infer<typeof memoryItem>;

const times = { afterMs: 3_000, withinMs: 14_400_000 } as const;

/** An image is a little larger than the memory: holes of the address space, and headers. */
function imageMiB(memoryMiB: number): number {
  return memoryMiB * 1.1 + 256;
}

export function partSize(memoryMiB: number): number {
  const image = imageMiB(memoryMiB);
  const usual = Math.min(Math.ceil(image / USUAL_PARTS), LARGEST_USUAL_PART_MIB);
  return Math.max(SMALLEST_PART_MIB, usual, Math.ceil(image / MOST_PARTS));
}

export function partsOf({ memoryMiB, partMiB }: MemoryDetails): number {
  return Math.min(MOST_PARTS, Math.ceil(imageMiB(memoryMiB) / partMiB));
}

export function goOn(progress: MemoryProgress, afterMs: number = times.afterMs): CollectResult {
  return later(progress, { ...times, afterMs });
}

export function notCaptured(resource: string, reason: string): Refusal {
  return new Refusal("memory_not_captured", { resource, reason });
}
