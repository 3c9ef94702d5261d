import type {
  GetSnapshotBlockRequest,
  GetSnapshotBlockResponse,
  ListChangedBlocksRequest,
  ListChangedBlocksResponse,
  ListSnapshotBlocksRequest,
  ListSnapshotBlocksResponse,
} from "@aws-sdk/client-ebs";
import { createHash } from "node:crypto";
import type { Snapshot } from "../../world/storage-model.ts";
import {
  BLOCK_BYTES,
  BLOCKS_PER_GIB,
  blocksIn,
  contentOf,
  indexesFrom,
  isSameBlock,
  type VolumeBlocks,
} from "../../world/volume-blocks.ts";
import { handler, type Context } from "../handler.ts";
import { invalid, missing } from "./errors.ts";
import { readableSnapshot, takeTurn } from "./snapshots.ts";
import { indexIn, tokenFor, TOKENS_LIVE_MS } from "./tokens.ts";

/** https://docs.aws.amazon.com/ebs/latest/APIReference/API_ListSnapshotBlocks.html */
const MOST_RESULTS = 10_000;

/** A request for fewer gets this many: https://docs.aws.amazon.com/ebs/latest/userguide/ebsapi-faq.html */
const FEWEST_RESULTS = 100;

/** One page looks at no more of a volume than this, so that pages of nearly empty volumes may be empty, as AWS's may. */
const LOOKED_AT_BLOCKS = 8 * BLOCKS_PER_GIB;

interface Asked {
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
  readonly StartingBlockIndex?: number | undefined;
}

interface Page {
  readonly indexes: readonly number[];
  readonly NextToken: string | undefined;
}

/** One page of the indexes that a generator gives from a place on. */
function pageOf(
  context: Context,
  snapshot: Snapshot,
  { MaxResults: wanted, NextToken: token, StartingBlockIndex: start = 0 }: Asked,
  listed: (from: number) => Iterable<number>,
): Page {
  if (wanted !== undefined && (wanted < 1 || wanted > MOST_RESULTS))
    throw invalid("INVALID_PARAMETER_VALUE", `MaxResults must be between ${FEWEST_RESULTS} and ${MOST_RESULTS}.`);
  if (start < 0) throw invalid("INVALID_PARAMETER_VALUE", "StartingBlockIndex must not be negative.");
  const now = context.world.now();
  const most = wanted === undefined ? Math.min(MOST_RESULTS, context.pageSize) : Math.max(FEWEST_RESULTS, wanted);
  const from = token === undefined ? start : indexIn(token, { kind: "page", snapshotId: snapshot.id }, now);
  const next = (index: number): string => tokenFor({ kind: "page", snapshotId: snapshot.id, index }, now);
  if (context.isEndless) return { indexes: [], NextToken: next(from) };
  const end = snapshot.sizeGiB * BLOCKS_PER_GIB;
  const until = Math.min(end, from + LOOKED_AT_BLOCKS);
  const indexes: number[] = [];
  for (const index of listed(from)) {
    if (index >= until) break;
    if (indexes.length === most) return { indexes, NextToken: next(index) };
    indexes.push(index);
  }
  return { indexes, NextToken: until < end ? next(until) : undefined };
}

function about(context: Context, { sizeGiB }: Snapshot) {
  return {
    ExpiryTime: new Date(context.world.now() + TOKENS_LIVE_MS.block),
    VolumeSize: sizeGiB,
    BlockSize: BLOCK_BYTES,
  };
}

/** Only blocks that were written, in numerical order. */
const list = handler((context, input: ListSnapshotBlocksRequest): ListSnapshotBlocksResponse => {
  const snapshot = readableSnapshot(context, input.SnapshotId);
  const blocks = blocksIn(snapshot);
  const { indexes, NextToken } = pageOf(context, snapshot, input, (from) => indexesFrom(blocks, from));
  const now = context.world.now();
  return {
    Blocks: indexes.map((index) => ({
      BlockIndex: index,
      BlockToken: tokenFor({ kind: "block", snapshotId: snapshot.id, index }, now),
    })),
    ...about(context, snapshot),
    NextToken,
  };
});

/** Blocks that differ between two snapshots of a volume; all of the second where no first is named. */
const listChanged = handler((context, input: ListChangedBlocksRequest): ListChangedBlocksResponse => {
  const second = readableSnapshot(context, input.SecondSnapshotId);
  const first = input.FirstSnapshotId === undefined ? null : readableSnapshot(context, input.FirstSnapshotId);
  if (first && (first.volumeId !== second.volumeId || first.isCopy || second.isCopy))
    throw invalid("UNRELATED_SNAPSHOTS", "The snapshots are not of the same volume.");
  const [before, after] = [first && blocksIn(first), blocksIn(second)];
  const { indexes, NextToken } = pageOf(context, second, input, (from) => changedFrom(before, after, from));
  const now = context.world.now();
  const tokenIn = (snapshot: Snapshot | null, blocks: VolumeBlocks | null, index: number): string | undefined => {
    if (!snapshot || !blocks || indexesFrom(blocks, index).next().value !== index) return undefined;
    return tokenFor({ kind: "block", snapshotId: snapshot.id, index }, now);
  };
  return {
    ChangedBlocks: indexes.map((index) => ({
      BlockIndex: index,
      FirstBlockToken: tokenIn(first, before, index),
      SecondBlockToken: tokenIn(second, after, index),
    })),
    ...about(context, second),
    NextToken,
  };
});

function* changedFrom(before: VolumeBlocks | null, after: VolumeBlocks, from: number): Generator<number> {
  const indexes = new Set([...(before ? indexesFrom(before, from) : []), ...indexesFrom(after, from)]);
  for (const index of [...indexes].sort((left, right) => left - right))
    if (before === null || !isSameBlock(before, after, index)) yield index;
}

/** https://docs.aws.amazon.com/ebs/latest/APIReference/API_GetSnapshotBlock.html */
const get = handler((context, input: GetSnapshotBlockRequest): GetSnapshotBlockResponse => {
  const { BlockIndex: index = -1, BlockToken: token = "" } = input;
  const snapshot = readableSnapshot(context, input.SnapshotId);
  const now = context.world.now();
  takeTurn(snapshot, now);
  if (indexIn(token, { kind: "block", snapshotId: snapshot.id }, now) !== index)
    throw invalid("INVALID_BLOCK_TOKEN", "The BlockToken is not of this block.");
  const content = contentOf(blocksIn(snapshot), index);
  if (!content) throw missing("DEPENDENCY_RESOURCE_NOT_FOUND", `The block ${index} was never written.`);
  const answer = {
    DataLength: content.length,
    BlockData: content,
    Checksum: createHash("sha256").update(content).digest("base64"),
    ChecksumAlgorithm: "SHA256",
  } as const;
  return answer as unknown as GetSnapshotBlockResponse; // The wire carries bytes; the SDK's type names its reader's stream.
});

/** The reading side of the EBS direct APIs. What writes snapshots (StartSnapshot and the two after it) is not served. */
export const ebsHandlers = { ListSnapshotBlocks: list, ListChangedBlocks: listChanged, GetSnapshotBlock: get };
