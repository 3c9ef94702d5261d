import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

/** How to compute one of S3's checksums: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html */
interface Algorithm {
  /** Base64 of the digest, as headers carry it. */
  readonly digest: (content: Uint8Array) => string;
  readonly bytes: number;
  /** Of the whole object, of its parts' checksums, or either, when it comes in parts. */
  readonly multipart: readonly ("COMPOSITE" | "FULL_OBJECT")[];
}

const hash =
  (name: string) =>
  (content: Uint8Array): string =>
    createHash(name).update(content).digest("base64");

/** The algorithms that the range knows, by the names that S3 gives them; those of xxHash are missing. */
export const ALGORITHMS = {
  CRC32: {
    digest: (content) => base64Of(BigInt(crc32(content)), 4),
    bytes: 4,
    multipart: ["COMPOSITE", "FULL_OBJECT"],
  },
  CRC32C: { digest: (content) => base64Of(crc32c(content), 4), bytes: 4, multipart: ["COMPOSITE", "FULL_OBJECT"] },
  CRC64NVME: { digest: (content) => base64Of(crc64nvme(content), 8), bytes: 8, multipart: ["FULL_OBJECT"] },
  SHA1: { digest: hash("sha1"), bytes: 20, multipart: ["COMPOSITE"] },
  SHA256: { digest: hash("sha256"), bytes: 32, multipart: ["COMPOSITE"] },
} as const satisfies Record<string, Algorithm>;

export type AlgorithmName = keyof typeof ALGORITHMS;

export const ALGORITHM_NAMES = Object.keys(ALGORITHMS) as readonly AlgorithmName[];

/** Whether a header's text is a digest of this algorithm at all. */
export function isDigestOf(name: AlgorithmName, text: string): boolean {
  return Buffer.from(text, "base64").length === ALGORITHMS[name].bytes && /^[A-Za-z0-9+/]+={0,2}$/.test(text);
}

function base64Of(value: bigint, bytes: number): string {
  return Buffer.from(value.toString(16).padStart(2 * bytes, "0"), "hex").toString("base64");
}

/** Castagnoli's polynomial, reflected: https://www.rfc-editor.org/rfc/rfc3720#appendix-B.4 */
const crc32cTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82_f6_3b_78 : value >>> 1;
  return value >>> 0;
});

function crc32c(content: Uint8Array): bigint {
  let value = 0xff_ff_ff_ff;
  for (const byte of content) value = (value >>> 8) ^ (crc32cTable[(value ^ byte) & 0xff] ?? 0);
  return BigInt((value ^ 0xff_ff_ff_ff) >>> 0);
}

/** The polynomial of NVMe, reflected, in two halves because numbers end at 53 bits: https://nvmexpress.org/specifications/ */
const [crc64High, crc64Low] = crc64Tables(0x9a_6c_93_29_ac_4b_c9_b5n);

function crc64Tables(polynomial: bigint): readonly [Uint32Array, Uint32Array] {
  const high = new Uint32Array(256);
  const low = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let value = BigInt(byte);
    for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ polynomial : value >> 1n;
    high[byte] = Number(value >> 32n);
    low[byte] = Number(value & 0xff_ff_ff_ffn);
  }
  return [high, low];
}

function crc64nvme(content: Uint8Array): bigint {
  let high = 0xff_ff_ff_ff;
  let low = 0xff_ff_ff_ff;
  for (const byte of content) {
    const at = (low ^ byte) & 0xff;
    low = ((low >>> 8) | ((high & 0xff) << 24)) ^ (crc64Low[at] ?? 0);
    high = (high >>> 8) ^ (crc64High[at] ?? 0);
  }
  const halves = [high, low].map((half) => BigInt((half ^ 0xff_ff_ff_ff) >>> 0));
  return ((halves[0] ?? 0n) << 32n) | (halves[1] ?? 0n);
}
