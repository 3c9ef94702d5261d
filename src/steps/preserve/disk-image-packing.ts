import { gzipSync } from "node:zlib";
import { BLOCK_BYTES } from "../../aws/snapshot-blocks.ts";

/**
 * How a disk becomes a file that costs nothing where the disk is empty, and is still read by whatever reads gzip: one member
 * after another, which unpack to one content.
 * https://www.rfc-editor.org/rfc/rfc1952
 */
export function packBlock(content: Uint8Array): Uint8Array {
  return gzipSync(content, { level: 1 }); // Most of a disk is packed already: more effort gains little.
}

/** Empty blocks that go into one member, at most. */
export const BLOCKS_IN_RUN = 32;

let emptyRun: Uint8Array | null = null;

/** What is hashed and packed where nothing was ever written: up to a run of it. Made when it is first needed. */
export function emptyBlocks(blocks: number): Uint8Array {
  emptyRun ??= new Uint8Array(BLOCKS_IN_RUN * BLOCK_BYTES);
  return emptyRun.subarray(0, blocks * BLOCK_BYTES);
}

const packedEmpty = new Map<number, Uint8Array>();

/** Members that unpack to so many empty blocks, up to the length of a run. */
export function packEmpty(blocks: number): Uint8Array {
  const known = packedEmpty.get(blocks);
  if (known) return known;
  const packed = gzipSync(emptyBlocks(blocks), { level: 9 });
  packedEmpty.set(blocks, packed);
  return packed;
}

/** An empty member without padding, and one with a field of padding that has nothing in it. */
const SMALLEST_PADDING = 26;
const LARGEST_PADDING = 22 + 0xffff;

/**
 * Members that unpack to nothing and have so many bytes together; a few more than asked for where so few cannot be had.
 *
 * The bytes lie in the header's extra field, which every reader of gzip passes over.
 */
export function padding(bytes: number): Uint8Array {
  const members: Uint8Array[] = [];
  for (let left = Math.max(bytes, SMALLEST_PADDING); left > 0;) {
    const rest = left - Math.min(left, LARGEST_PADDING);
    const taken = rest > 0 && rest < SMALLEST_PADDING ? left - SMALLEST_PADDING : left - rest;
    const member = emptyMember(Math.min(taken, LARGEST_PADDING));
    members.push(member);
    left -= member.length;
  }
  return Buffer.concat(members);
}

function emptyMember(bytes: number): Uint8Array {
  const member = Buffer.alloc(bytes);
  const extra = bytes - 22;
  Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255]).copy(member); // With an extra field; no time, no system.
  member.writeUInt16LE(extra, 10);
  member.write("CP", 12, "latin1");
  member.writeUInt16LE(extra - 4, 14);
  member.writeUInt8(3, bytes - 10); // A last block with nothing in it; then checksum and length of nothing.
  return member;
}
