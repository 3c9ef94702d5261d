import { GetSnapshotBlockCommand, ListSnapshotBlocksCommand, type ValidationException } from "@aws-sdk/client-ebs";
import { createHash } from "node:crypto";
import { CordonError } from "../core/errors.ts";
import { AwsCallError, hasAwsCode } from "./aws-call-error.ts";
import type { Sender } from "./sender.ts";

/** The EBS direct APIs have one size: https://docs.aws.amazon.com/ebs/latest/userguide/ebsapi-elements.html */
export const BLOCK_BYTES = 524_288;

/** A block that was written, and what lets it be read for seven days. */
export interface WrittenBlock {
  readonly index: number;
  readonly token: string;
}

/** Up to 10,000: https://docs.aws.amazon.com/ebs/latest/APIReference/API_ListSnapshotBlocks.html */
const BLOCKS_IN_PAGE = 1000;

/** Pages may be empty, and none may be the last. Nobody asks for more of a volume in one go than some thousand blocks. */
const mostPages = 500;

/**
 * The blocks of a completed snapshot that were ever written, from an index on and in order: what is not listed is empty.
 *
 * Reads a page when it is needed, so that whoever stops early has not asked for all.
 */
export async function* writtenBlocks(ebs: Sender, snapshotId: string, from: number): AsyncGenerator<WrittenBlock> {
  let token: string | undefined;
  let last = from - 1;
  for (let page = 0; page < mostPages; page++) {
    const { Blocks = [], NextToken, BlockSize } = await listOnce(ebs, { snapshotId, from, token });
    if (BlockSize !== undefined && BlockSize !== BLOCK_BYTES)
      throw unusable(`the blocks of ${snapshotId} have ${BlockSize} bytes, not ${BLOCK_BYTES}`);
    for (const { BlockIndex: index, BlockToken } of Blocks) {
      if (index === undefined || BlockToken === undefined)
        throw unusable(`AWS listed a block of ${snapshotId} without number or token`);
      if (index <= last) throw unusable(`AWS listed block ${index} of ${snapshotId} after block ${last}`);
      last = index;
      yield { index, token: BlockToken };
    }
    if (NextToken === undefined || NextToken === "") return;
    token = NextToken;
  }
  throw new CordonError("list_without_end", { what: `blocks of ${snapshotId}`, pages: String(mostPages) });
}

async function listOnce(
  ebs: Sender,
  {
    snapshotId,
    from,
    token,
  }: { readonly snapshotId: string; readonly from: number; readonly token?: string | undefined },
) {
  const page = token === undefined ? { StartingBlockIndex: from } : { NextToken: token };
  const command = new ListSnapshotBlocksCommand({ SnapshotId: snapshotId, MaxResults: BLOCKS_IN_PAGE, ...page });
  return unlessGone(snapshotId, () => ebs.send(command));
}

/** A block may come damaged, or its token may have ended: so often it is asked for. */
const mostReadings = 3;

/**
 * The content of one block, compared with AWS's SHA-256 of it.
 *
 * @throws CordonError `snapshot_unreadable` when the snapshot is gone.
 */
export async function readBlock(ebs: Sender, snapshotId: string, block: WrittenBlock): Promise<Uint8Array> {
  let { token } = block;
  for (let reading = 1; ; reading++) {
    try {
      const content = await readOnce(ebs, snapshotId, { index: block.index, token });
      if (content !== null) return content;
    } catch (error) {
      if (!isTokenRefused(error) || reading === mostReadings) throw error;
      token = await freshToken(ebs, snapshotId, block.index);
    }
    if (reading === mostReadings) throw damaged(snapshotId, block.index);
  }
}

/** Null when what came is not what AWS says that it is. */
async function readOnce(ebs: Sender, snapshotId: string, { index, token }: WrittenBlock): Promise<Uint8Array | null> {
  const command = new GetSnapshotBlockCommand({ SnapshotId: snapshotId, BlockIndex: index, BlockToken: token });
  const answer = await unlessGone(snapshotId, () => ebs.send(command, { whole: true }));
  const { BlockData, Checksum, ChecksumAlgorithm } = answer;
  if (BlockData === undefined || Checksum === undefined || ChecksumAlgorithm !== "SHA256")
    throw unusable(`AWS gave block ${index} of ${snapshotId} without content or SHA-256`);
  const content = await BlockData.transformToByteArray();
  const isWhole = content.length === BLOCK_BYTES;
  return isWhole && createHash("sha256").update(content).digest("base64") === Checksum ? content : null;
}

function isTokenRefused(error: unknown): boolean {
  if (!hasAwsCode(error, "ValidationException")) return false;
  return (error.cause as ValidationException | undefined)?.Reason === "INVALID_BLOCK_TOKEN";
}

async function freshToken(ebs: Sender, snapshotId: string, index: number): Promise<string> {
  for await (const block of writtenBlocks(ebs, snapshotId, index)) {
    if (block.index === index) return block.token;
    break;
  }
  throw unusable(`AWS no longer lists block ${index} of ${snapshotId}`);
}

/** What is damaged on its way may come whole a little later. */
function damaged(snapshotId: string, index: number): AwsCallError {
  return new AwsCallError({
    service: "ebs",
    operation: "GetSnapshotBlock",
    resource: snapshotId,
    caller: "",
    awsCode: "AnswerUnreadable",
    httpStatus: 200,
    requestId: null,
    message: `block ${index} is not what its SHA-256 says, ${mostReadings} times in a row`,
  });
}

async function unlessGone<T>(snapshotId: string, send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    if (!hasAwsCode(error, "ResourceNotFoundException")) throw error;
    throw new CordonError("snapshot_unreadable", { snapshotId, reason: "AWS has none of this id" }, { cause: error });
  }
}

function unusable(what: string): CordonError {
  return new CordonError("answer_incomplete", { what });
}
