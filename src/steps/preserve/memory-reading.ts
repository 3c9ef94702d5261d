import { SCRIPT_DOCUMENTS } from "../../aws/ssm-commands.ts";
import { collected, type CollectResult, type Item, type StepContext } from "../../core/step.ts";
import { goOn, MIB, type MemoryDetails, notCaptured } from "./memory-item.ts";
import type { Phase } from "./memory-progress.ts";

/** What is read back in one call: well within what a call may take. */
const READ_PER_CALL = 256 * MIB;
const READ_AT_ONCE = 8 * MIB;

/** Reads back what lies in the vault, some hundred megabytes a call, and hashes it: S3 itself keeps no SHA-256 of the whole. */
export async function readBack(
  { vault, now }: StepContext,
  { resource, details }: Item<MemoryDetails>,
  known: Phase<"reading">,
): Promise<CollectResult> {
  const { upload, laid, told } = known;
  let { from, hash } = known;
  const end = Math.min(laid.bytes, from + READ_PER_CALL);
  while (from < end) {
    const piece = await vault.large.read(upload, { from, bytes: Math.min(READ_AT_ONCE, end - from) });
    if (piece === null || piece.length === 0) throw notCaptured(resource, `${laid.location} is not what was put there`);
    hash = await vault.large.extendHash(hash, piece);
    from += piece.length;
  }
  if (from < laid.bytes) return goOn({ ...known, from, hash }, 0);
  const sha256 = await vault.large.digest(hash);
  const { tool, platform, instanceType, memoryMiB } = details;
  const { location, bytes, lock } = laid;
  const startedAt = Date.parse(told.startedAt);
  const lineage = {
    instanceId: resource,
    instanceType,
    memoryMiB,
    program: { name: platform === "Windows" ? "WinPmem" : "AVML", ...tool },
    format: platform === "Windows" ? "raw" : "LiME",
    document: SCRIPT_DOCUMENTS[platform],
    source: "ssm:SendCommand",
    commandId: told.commandId,
    endedAt: told.endedAt,
    parts: told.parts,
    sentBytes: told.bytes,
    sentSha256: told.sha256,
    /** Whether the vault has what the host says that it sent. */
    verified: told.sha256 === sha256 && told.bytes === bytes,
  };
  const readAt = Number.isNaN(startedAt) ? now : startedAt;
  return collected({ kind: "memory", location, sha256, bytes, lock, readAt, lineage });
}
