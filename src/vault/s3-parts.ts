import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
  type CompletedPart,
  type CreateMultipartUploadRequest,
} from "@aws-sdk/client-s3";
import { createHash } from "node:crypto";
import { named, type ArtifactPlace } from "./s3-artifact.ts";
import { untilSettled, type S3Access, type S3Sender } from "./s3-calls.ts";

/** Content above a size goes in parts: one part that fails is sent again, and not everything. */
export interface PartSizes {
  readonly aboveBytes: number;
  /** At least 5 MiB: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
  readonly partBytes: number;
}

/** For links of a few megabytes per second: a part is through well before a call counts as lost. */
export const USUAL_SIZES: PartSizes = { aboveBytes: 16 * 1024 * 1024, partBytes: 8 * 1024 * 1024 };

/** Parts under way at the same time. */
const CONCURRENT_PARTS = 4;

interface PartsTools extends Pick<S3Access, "clock" | "random"> {
  readonly s3: S3Sender;
  readonly signal: AbortSignal;
  readonly place: ArtifactPlace;
  readonly partBytes: number;
}

/**
 * Puts large content in parts, if nothing lies under the key when it is complete.
 *
 * S3 compares each part with its SHA-256, and the whole with the SHA-256 over those: it cannot give one over all bytes.
 * An upload that fails is given up, so that its parts do not lie about unseen.
 */
export async function putInParts(
  tools: PartsTools,
  content: Uint8Array,
  description: Omit<CreateMultipartUploadRequest, "Bucket" | "Key">,
): Promise<{ readonly VersionId?: string | undefined }> {
  const { s3, place } = tools;
  const { UploadId } = await s3.send(
    new CreateMultipartUploadCommand({ ...named(place), ...description, ChecksumAlgorithm: "SHA256" }),
  );
  if (UploadId === undefined) throw new TypeError("CreateMultipartUpload answered without an id");
  try {
    const parts = await uploadParts(tools, UploadId, content);
    const { ChecksumSHA256, VersionId } = await s3.send(
      new CompleteMultipartUploadCommand({
        ...named(place),
        UploadId,
        IfNoneMatch: "*",
        MultipartUpload: { Parts: [...parts] },
      }),
    );
    requireSame(ChecksumSHA256, `${digestOfDigests(parts)}-${parts.length}`, place);
    return { VersionId };
  } catch (error) {
    await giveUp(s3, place, UploadId);
    throw error;
  }
}

async function uploadParts(
  tools: PartsTools,
  UploadId: string,
  content: Uint8Array,
): Promise<readonly CompletedPart[]> {
  const count = Math.ceil(content.length / tools.partBytes);
  const parts: CompletedPart[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const at = next++;
      const bytes = content.subarray(at * tools.partBytes, (at + 1) * tools.partBytes);
      parts[at] = await untilSettled(() => uploadPart(tools, { UploadId, PartNumber: at + 1, bytes }), tools);
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENT_PARTS, count) }, worker));
  return parts;
}

async function uploadPart(
  { s3, place }: PartsTools,
  {
    UploadId,
    PartNumber,
    bytes,
  }: { readonly UploadId: string; readonly PartNumber: number; readonly bytes: Uint8Array },
): Promise<CompletedPart> {
  const digest = createHash("sha256").update(bytes).digest("base64");
  const { ETag, ChecksumSHA256 } = await s3.send(
    new UploadPartCommand({ ...named(place), UploadId, PartNumber, Body: bytes, ChecksumSHA256: digest }),
  );
  requireSame(ChecksumSHA256, digest, place);
  return { PartNumber, ChecksumSHA256: digest, ...(ETag === undefined ? {} : { ETag }) };
}

function digestOfDigests(parts: readonly CompletedPart[]): string {
  const hash = createHash("sha256");
  for (const { ChecksumSHA256 = "" } of parts) hash.update(Buffer.from(ChecksumSHA256, "base64"));
  return hash.digest("base64");
}

/** S3 must say what was sent: an answer about other bytes is no proof that these lie there. */
export function requireSame(answered: string | undefined, sent: string, { bucket, objectKey }: ArtifactPlace): void {
  if (answered === sent) return;
  throw new Error(`S3 answered SHA-256 ${answered ?? "(none)"} for ${objectKey} in ${bucket}, and ${sent} was sent`);
}

/** Parts that stay behind cost money and are no evidence; a bucket's rule for unfinished uploads takes what is left. */
async function giveUp(s3: S3Sender, place: ArtifactPlace, UploadId: string): Promise<void> {
  try {
    await s3.send(new AbortMultipartUploadCommand({ ...named(place), UploadId }));
  } catch {
    // The fault that ended the upload is the one to tell.
  }
}
