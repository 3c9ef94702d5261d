import { createHash } from "node:crypto";
import { notImplemented } from "../../wire/operation.ts";
import { ALGORITHM_NAMES, ALGORITHMS, type AlgorithmName } from "../../wire/s3/checksums.ts";
import { s3Error } from "../../wire/s3/errors.ts";
import type { Bucket, BucketEncryption, ObjectDescription, StoredChecksum } from "../../world/s3-model.ts";

/** Checksums of a request or an answer, by the names that the SDK's types give them. */
export interface Checksums {
  ChecksumCRC32?: string | undefined;
  ChecksumCRC32C?: string | undefined;
  ChecksumCRC64NVME?: string | undefined;
  ChecksumSHA1?: string | undefined;
  ChecksumSHA256?: string | undefined;
}

/** The one checksum that a request carries; null when it carries none. The wire has compared it with the body. */
export function sentChecksum(input: Checksums): { readonly algorithm: AlgorithmName; readonly value: string } | null {
  for (const algorithm of ALGORITHM_NAMES) {
    const value = input[`Checksum${algorithm}`];
    if (value !== undefined) return { algorithm, value };
  }
  return null;
}

/** An algorithm by name: one that the range does not know ends the call. */
export function algorithmOf(name: string): AlgorithmName {
  const found = ALGORITHM_NAMES.find((each) => each === name);
  if (!found) throw notImplemented("s3", `checksum ${name}`);
  return found;
}

/**
 * The checksum that S3 keeps of content that comes whole: the one that was sent, or else CRC-64/NVME.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
export function checksumOf(content: Uint8Array, input: Checksums): StoredChecksum {
  const sent = sentChecksum(input);
  if (sent) return { ...sent, type: "FULL_OBJECT" };
  return { algorithm: "CRC64NVME", value: ALGORITHMS.CRC64NVME.digest(content), type: "FULL_OBJECT" };
}

/** The checksum as answers carry it. */
export function checksumMembers({ algorithm, value }: StoredChecksum): Checksums {
  return { [`Checksum${algorithm}`]: value };
}

/**
 * The ETag of content that comes whole. It is the MD5 under SSE-S3, and something else under KMS:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
 */
export function etagOf(content: Uint8Array, { algorithm }: BucketEncryption): string {
  const hash = createHash("md5").update(content);
  if (algorithm !== "AES256") hash.update(algorithm);
  return `"${hash.digest("hex")}"`;
}

/** What requests say about an object, by the SDK's names. */
export interface DescribingInput {
  readonly Metadata?: Readonly<Record<string, string>> | undefined;
  readonly ServerSideEncryption?: string | undefined;
  readonly SSEKMSKeyId?: string | undefined;
  readonly SSECustomerAlgorithm?: string | undefined;
  readonly BucketKeyEnabled?: boolean | undefined;
  readonly Tagging?: string | undefined;
  readonly ContentType?: string | undefined;
  readonly ContentEncoding?: string | undefined;
  readonly ContentDisposition?: string | undefined;
  readonly ContentLanguage?: string | undefined;
  readonly CacheControl?: string | undefined;
  readonly StorageClass?: string | undefined;
}

const keptHeaders = [
  "ContentType",
  "ContentEncoding",
  "ContentDisposition",
  "ContentLanguage",
  "CacheControl",
  "StorageClass",
] as const;

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html */
const LARGEST_METADATA_BYTES = 2048;

/** What a put says about its object, with the bucket's encryption where it says nothing of it. */
export function descriptionOf(bucket: Bucket, input: DescribingInput): ObjectDescription {
  if (input.SSECustomerAlgorithm !== undefined) throw notImplemented("s3", "SSE-C");
  const metadata = input.Metadata ?? {};
  const size = Object.entries(metadata).reduce((sum, pair) => sum + Buffer.byteLength(pair.join("")), 0);
  if (size > LARGEST_METADATA_BYTES) {
    throw s3Error("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size");
  }
  const headers = keptHeaders.flatMap((name) => (input[name] === undefined ? [] : [[name, input[name]] as const]));
  return {
    metadata,
    headers: Object.fromEntries(headers),
    encryption: encryptionOf(bucket, input),
    tagging: input.Tagging ?? null,
  };
}

function encryptionOf({ encryption }: Bucket, input: DescribingInput): BucketEncryption {
  const { ServerSideEncryption: algorithm, SSEKMSKeyId: kmsKeyId } = input;
  if (algorithm === undefined && kmsKeyId !== undefined) {
    throw s3Error(
      "InvalidArgument",
      "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
    );
  }
  if (algorithm === undefined) return encryption;
  if (algorithm !== "AES256" && algorithm !== "aws:kms" && algorithm !== "aws:kms:dsse") {
    throw s3Error("InvalidArgument", "The encryption method specified is not supported");
  }
  if (algorithm === "AES256" && kmsKeyId !== undefined) {
    throw s3Error("InvalidArgument", "SSEKMSKeyId is not applicable to AES256");
  }
  const inherited = encryption.algorithm === algorithm ? encryption.kmsKeyId : null;
  return {
    algorithm,
    kmsKeyId: kmsKeyId ?? inherited,
    bucketKeyEnabled: input.BucketKeyEnabled ?? encryption.bucketKeyEnabled,
  };
}

/** The members by which every answer about an object says how it is encrypted. */
export function encryptionMembers({ algorithm, kmsKeyId, bucketKeyEnabled }: BucketEncryption): {
  ServerSideEncryption: "AES256" | "aws:kms";
  SSEKMSKeyId?: string;
  BucketKeyEnabled?: boolean;
} {
  return {
    ServerSideEncryption: algorithm as "AES256" | "aws:kms",
    ...(kmsKeyId !== null && { SSEKMSKeyId: kmsKeyId }),
    ...(bucketKeyEnabled && { BucketKeyEnabled: true }),
  };
}
