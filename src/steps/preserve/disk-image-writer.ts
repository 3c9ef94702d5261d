import { z } from "zod";
import type { CaseVault } from "../../core/artifact.ts";
import { turnOfTheLoop } from "../../core/clock.ts";
import { uploadShape } from "../../core/large-content.ts";
import { BLOCKS_IN_RUN, emptyBlocks, packBlock, packEmpty, padding } from "./disk-image-packing.ts";

/** How far an image has come. Whatever process has it goes on with it. */
export const written = z.strictObject({
  upload: uploadShape,
  /** The first block of the disk that is in no part yet. */
  nextBlock: z.int().min(0),
  /** Parts that lie in the vault, and the bytes in them. */
  parts: z.int().min(0),
  storedBytes: z.int().min(0),
  /** Blocks of the snapshot that were ever written. */
  writtenBlocks: z.int().min(0),
  /** Running SHA-256 of the disk, and of what lies in the vault. */
  rawHash: z.string().nullable(),
  storedHash: z.string().nullable(),
});

export type Written = z.infer<typeof written>;

/** Writes a disk into the parts of an upload, in the order of its blocks. */
export class ImageWriter {
  readonly #large: CaseVault["large"];
  readonly #signal: AbortSignal;
  #at: Written;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;

  constructor(large: CaseVault["large"], { at, signal }: { readonly at: Written; readonly signal: AbortSignal }) {
    this.#large = large;
    this.#signal = signal;
    this.#at = at;
  }

  /** The next block, which was written. */
  async block(content: Uint8Array): Promise<void> {
    const { nextBlock, writtenBlocks, rawHash } = this.#at;
    const hashed = await this.#large.extendHash(rawHash, content);
    this.#at = { ...this.#at, nextBlock: nextBlock + 1, writtenBlocks: writtenBlocks + 1, rawHash: hashed };
    await this.#add(packBlock(content));
  }

  /** Empty blocks up to this one. Their hash costs time all the same, in which others must be let through. */
  async emptyUntil(index: number): Promise<void> {
    while (this.#at.nextBlock < index) {
      this.#signal.throwIfAborted();
      const { nextBlock, rawHash } = this.#at;
      const blocks = Math.min(index - nextBlock, BLOCKS_IN_RUN);
      const hashed = await this.#large.extendHash(rawHash, emptyBlocks(blocks));
      this.#at = { ...this.#at, nextBlock: nextBlock + blocks, rawHash: hashed };
      await this.#add(packEmpty(blocks));
      await turnOfTheLoop();
    }
  }

  /** Puts what is left into a part: the last one as it is, any other filled up to the size that all parts have. */
  async close({ isEnd }: { readonly isEnd: boolean }): Promise<Written> {
    const { partBytes } = this.#at.upload;
    // Where only a few bytes are missing, the padding runs over into one more part.
    while (this.#waitingBytes > 0 && !isEnd) await this.#add(padding(partBytes - this.#waitingBytes));
    if (this.#waitingBytes > 0) await this.#put(this.#waitingBytes);
    return this.#at;
  }

  async #add(packed: Uint8Array): Promise<void> {
    this.#waiting.push(packed);
    this.#waitingBytes += packed.length;
    const { partBytes } = this.#at.upload;
    while (this.#waitingBytes >= partBytes) await this.#put(partBytes);
  }

  async #put(bytes: number): Promise<void> {
    const all = Buffer.concat(this.#waiting);
    const part = all.subarray(0, bytes);
    this.#waiting = [all.subarray(bytes)];
    this.#waitingBytes -= bytes;
    const { upload, parts, storedBytes, storedHash } = this.#at;
    await this.#large.putPart(upload, parts + 1, part);
    const hashed = await this.#large.extendHash(storedHash, part);
    this.#at = { ...this.#at, parts: parts + 1, storedBytes: storedBytes + bytes, storedHash: hashed };
  }
}
