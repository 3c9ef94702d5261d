import { createCipheriv, createHash } from "node:crypto";
import type { Volume } from "./model.ts";
import type { Snapshot } from "./storage-model.ts";

/** https://docs.aws.amazon.com/ebs/latest/userguide/ebsapi-elements.html */
export const BLOCK_BYTES = 524_288;

/** A volume's size is whole GiB, and so a whole number of blocks. */
export const BLOCKS_PER_GIB = 2048;

/**
 * What was written to a volume. It never changes: a write makes another one, so that a snapshot keeps what its volume had
 * by keeping this, and a thousand volumes cost no memory before anybody reads them.
 */
export interface VolumeBlocks {
  /** What the first blocks' content is made from. */
  readonly seed: string;
  /** Of the volume when it was made; a larger one made of its snapshot has nothing behind it. */
  readonly sizeGiB: number;
  /** How many blocks were written from the beginning, spread evenly over the volume. */
  readonly count: number;
  /** What was written later, by index. */
  readonly written: ReadonlyMap<number, Uint8Array>;
}

/** Blocks that every volume has written before anybody looks: a table of partitions and traces of a file system. */
const USUAL_COUNT = 6;

/** Beside the resources, not in them: reads that lag copy a resource, and its blocks do not lag. */
const blocksOf = new WeakMap<Volume | Snapshot, VolumeBlocks>();

/** What is on a volume now, or was at the point in time of a snapshot. */
export function blocksIn(resource: Volume | Snapshot): VolumeBlocks {
  const known = blocksOf.get(resource);
  if (known) return known;
  const blocks = { seed: resource.id, sizeGiB: resource.sizeGiB, count: USUAL_COUNT, written: new Map() };
  blocksOf.set(resource, blocks);
  return blocks;
}

/** A snapshot, a copy of one, or a volume made of one has the blocks of its source, as they are at this moment. */
export function takeBlocks(resource: Volume | Snapshot, source: Volume | Snapshot): void {
  blocksOf.set(resource, blocksIn(source));
}

/** Fills a volume with as many blocks as a test wants, in place of the usual few. */
export function fillVolume(volume: Volume, count: number): void {
  blocksOf.set(volume, { ...blocksIn(volume), count });
}

/** Writes one block of a volume; snapshots that were taken before do not see it. */
export function writeBlock(volume: Volume, index: number, content: Uint8Array): void {
  if (content.length !== BLOCK_BYTES) throw new RangeError(`a block has ${BLOCK_BYTES} bytes, not ${content.length}`);
  const blocks = blocksIn(volume);
  blocksOf.set(volume, { ...blocks, written: new Map([...blocks.written, [index, Uint8Array.from(content)]]) });
}

/** The indexes of the blocks that were written, from one on, in order. */
export function* indexesFrom(blocks: VolumeBlocks, from: number): Generator<number> {
  const later = [...blocks.written.keys()].filter((index) => index >= from).sort((left, right) => left - right);
  let next = 0;
  for (const index of firstIndexes(blocks, from)) {
    for (let each = later[next]; each !== undefined && each <= index; each = later[++next])
      if (each < index) yield each;
    yield index;
  }
  yield* later.slice(next);
}

/** The content of a block; null where nothing was ever written. */
export function contentOf(blocks: VolumeBlocks, index: number): Uint8Array | null {
  const written = blocks.written.get(index);
  if (written) return written;
  const isWritten = firstIndexes(blocks, index).next().value === index;
  return isWritten ? firstContent(blocks.seed, index) : null;
}

/** Whether two volumes have the same at an index, without making the bytes. */
export function isSameBlock(one: VolumeBlocks, other: VolumeBlocks, index: number): boolean {
  return nameOf(one, index) === nameOf(other, index);
}

function nameOf(blocks: VolumeBlocks, index: number): string | null {
  const written = blocks.written.get(index);
  if (written) return createHash("sha256").update(written).digest("hex");
  return firstIndexes(blocks, index).next().value === index ? `${blocks.seed} ${index}` : null;
}

function* firstIndexes({ sizeGiB, count }: VolumeBlocks, from: number): Generator<number> {
  const total = sizeGiB * BLOCKS_PER_GIB;
  for (let number = Math.ceil((from * count) / total); number < count; number++) {
    yield Math.floor((number * total) / count);
  }
}

/** The first quarter of a block is noise, as of packed or enciphered files; the rest was written and is empty. */
function firstContent(seed: string, index: number): Uint8Array {
  const key = createHash("sha256").update(`${seed} ${index}`).digest();
  const content = Buffer.alloc(BLOCK_BYTES);
  const cipher = createCipheriv("aes-128-ctr", key.subarray(0, 16), key.subarray(16, 32));
  cipher.update(content.subarray(0, BLOCK_BYTES / 4)).copy(content);
  if (index === 0) content.writeUInt16LE(0xaa55, 510); // As every disk that starts a machine.
  return content;
}
