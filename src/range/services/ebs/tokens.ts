import { createHash } from "node:crypto";
import { invalid } from "./errors.ts";

/**
 * Seven days and an hour: https://docs.aws.amazon.com/ebs/latest/userguide/ebsapi-faq.html
 */
export const TOKENS_LIVE_MS = { block: 7 * 24 * 3_600_000, page: 3_600_000 } as const;

/** What a token lets its holder ask for: a block of a snapshot, or the next page of a list. */
export interface Granted {
  readonly kind: keyof typeof TOKENS_LIVE_MS;
  readonly snapshotId: string;
  /** Of the block, or of where the page begins. */
  readonly index: number;
}

/** Nobody can tell what is in it, and nothing is kept: it says itself until when it is good. */
export function tokenFor(granted: Granted, now: number): string {
  const until = now + TOKENS_LIVE_MS[granted.kind];
  const head = Buffer.alloc(12);
  head.writeUIntBE(until, 0, 6);
  head.writeUIntBE(granted.index, 6, 6);
  return Buffer.concat([head, sealOf(granted, until)]).toString("base64");
}

/**
 * The index that a token stands for, if it is of this snapshot and still good.
 *
 * AWS does not say whether a token that is too old is refused in other words than one that it never gave.
 */
export function indexIn(token: string, wanted: Omit<Granted, "index">, now: number): number {
  const bytes = Buffer.from(token, "base64");
  const isLong = bytes.length === 44;
  const until = isLong ? bytes.readUIntBE(0, 6) : 0;
  const index = isLong ? bytes.readUIntBE(6, 6) : 0;
  if (isLong && now < until && sealOf({ ...wanted, index }, until).equals(bytes.subarray(12))) return index;
  throw wanted.kind === "block"
    ? invalid("INVALID_BLOCK_TOKEN", "The BlockToken is invalid or has expired.")
    : invalid("INVALID_PAGE_TOKEN", "The NextToken is invalid or has expired.");
}

function sealOf({ kind, snapshotId, index }: Granted, until: number): Buffer {
  return createHash("sha256").update(`${kind} ${snapshotId} ${index} ${until}`).digest();
}
