import { GetObjectCommand, HeadObjectCommand, type HeadObjectOutput } from "@aws-sdk/client-s3";
import type { Clock } from "../core/clock.ts";
import { CordonError } from "../core/errors.ts";
import { createHash } from "node:crypto";
import type { Laid } from "../core/content-in-parts.ts";
import { sha256 } from "../core/json.ts";
import { type Piece, piecesOf, type Stored } from "../core/vault.ts";
import { BrokenOff, codeOf, isMissing, type S3Sender } from "./s3-calls.ts";

/** The metadata under which the SHA-256 of the whole content lies: S3 keeps only one of the parts when it came in parts. */
export const HASH_METADATA = "sha256";

/** How an artifact's bytes and its names are told apart. */
export interface ArtifactPlace {
  readonly bucket: string;
  /** With the vault's prefix. */
  readonly objectKey: string;
  readonly owner: string | null;
}

/** The members by which every call names an artifact. */
export function named({ bucket, objectKey, owner }: ArtifactPlace): {
  readonly Bucket: string;
  readonly Key: string;
  readonly ExpectedBucketOwner?: string;
} {
  return { Bucket: bucket, Key: objectKey, ...(owner === null ? {} : { ExpectedBucketOwner: owner }) };
}

/** An address for people and programs alike; the key is not escaped, as the command line of AWS has it. */
export function locationOf({ bucket, objectKey }: Pick<ArtifactPlace, "bucket" | "objectKey">): string {
  return `s3://${bucket}/${objectKey}`;
}

/** What S3 says of the artifact that lies there; null when none does. */
export async function storedAt(s3: S3Sender, place: ArtifactPlace, clock: Clock): Promise<Stored | null> {
  const head = await headOf(s3, place);
  if (!head) return null;
  return { ...laidIn(head, place), sha256: statedHash(head) ?? (await hashOf(s3, place, clock)) };
}

/** What lies under an artifact's key, without a word on its hash; null when nothing does. */
export function headOf(s3: S3Sender, place: ArtifactPlace): Promise<HeadObjectOutput | null> {
  return unlessMissing(() => s3.send(new HeadObjectCommand({ ...named(place), ChecksumMode: "ENABLED" })));
}

export function laidIn(head: HeadObjectOutput, place: ArtifactPlace): Laid {
  return {
    location: locationOf(place),
    bytes: head.ContentLength ?? 0,
    lock: lockOf(head),
    version: head.VersionId ?? null,
  };
}

/** By reading it, a piece at a time: S3 keeps no SHA-256 over the whole of what came in parts. */
async function hashOf(s3: S3Sender, place: ArtifactPlace, clock: Clock): Promise<string> {
  const hash = createHash("sha256");
  const read = (_key: string, piece: Piece): Promise<Uint8Array | null> => readPiece(s3, { place, piece }, clock);
  for await (const piece of (await piecesOf({ read }, place.objectKey)) ?? []) hash.update(piece);
  return hash.digest("hex");
}

/**
 * A piece of an artifact, fewer bytes or none at its end; null when nothing is there.
 *
 * S3 answers a range that begins behind the end with an error: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
 */
export async function readPiece(
  s3: S3Sender,
  { place, piece: { from, bytes } }: { readonly place: ArtifactPlace; readonly piece: Piece },
  clock: Clock,
): Promise<Uint8Array | null> {
  const Range = `bytes=${from}-${from + bytes - 1}`;
  try {
    const answer = await unlessMissing(() => s3.send(new GetObjectCommand({ ...named(place), Range })));
    return answer && (await bytesOf(answer.Body, place, clock));
  } catch (error) {
    if (codeOf(error) === "InvalidRange") return new Uint8Array();
    throw error;
  }
}

function lockOf({ ObjectLockMode: mode, ObjectLockRetainUntilDate: until }: HeadObjectOutput): Stored["lock"] {
  if (mode === undefined || until === undefined) return null;
  return { mode: mode === "COMPLIANCE" ? "compliance" : "governance", until: until.toISOString() };
}

/** S3's own SHA-256 of the whole, or the one that was put beside it; null when there is neither. */
function statedHash({ ChecksumSHA256, ChecksumType, Metadata }: HeadObjectOutput): string | null {
  if (ChecksumSHA256 !== undefined && ChecksumType !== "COMPOSITE" && !ChecksumSHA256.includes("-")) {
    return Buffer.from(ChecksumSHA256, "base64").toString("hex");
  }
  return Metadata?.[HASH_METADATA] ?? null;
}

/**
 * The content of an artifact; null when nothing is there.
 *
 * @throws CordonError `evidence_damaged` when what came is not what was put, by its SHA-256.
 */
export async function readObject(s3: S3Sender, place: ArtifactPlace, clock: Clock): Promise<Uint8Array | null> {
  const answer = await unlessMissing(() => s3.send(new GetObjectCommand({ ...named(place), ChecksumMode: "ENABLED" })));
  if (!answer) return null;
  const stated = statedHash(answer);
  const content = await bytesOf(answer.Body, place, clock);
  if (stated !== null && sha256(content) !== stated) {
    throw damaged(place, `its SHA-256 is ${sha256(content)}, not ${stated}`);
  }
  return content;
}

interface Body {
  transformToByteArray(): Promise<Uint8Array>;
}

/** Time is held: a simulated clock does not see bytes arrive. */
async function bytesOf(body: Body | undefined, place: ArtifactPlace, clock: Clock): Promise<Uint8Array> {
  if (!body) return new Uint8Array();
  const release = clock.hold();
  try {
    return Uint8Array.from(await body.transformToByteArray());
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (/checksum/i.test(message)) throw damaged(place, message, error); // The SDK compares it too; that does not pass.
    throw new BrokenOff(`the content broke off: ${message}`, { cause: error });
  } finally {
    release();
  }
}

function damaged(place: ArtifactPlace, reason: string, cause?: unknown): CordonError {
  return new CordonError("evidence_damaged", { location: locationOf(place), reason }, { cause });
}

async function unlessMissing<T>(send: () => Promise<T>): Promise<T | null> {
  try {
    return await send();
  } catch (error) {
    if (isMissing(error)) return null;
    if (codeOf(error) === "MethodNotAllowed") return null; // A delete marker lies on top.
    throw error;
  }
}
