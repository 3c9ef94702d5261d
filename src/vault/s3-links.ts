import { GetObjectCommand, UploadPartCommand } from "@aws-sdk/client-s3";
import type { Command } from "@smithy/types";
import { requirePart, type VaultLinks } from "../core/content-in-parts.ts";
import { named, type ArtifactPlace } from "./s3-artifact.ts";

/** Signs the address of one call under the vault's identity, by the injected clock. Nothing is sent. */
export interface S3Presigner {
  presign<Input extends object, Output extends object>(
    command: Command<any, Input, any, Output, any>, // oxlint-disable-line no-explicit-any -- as in S3Sender.
    wish: {
      readonly withinMs: number;
      /** In milliseconds since 1970; now when left out. */
      readonly signedAt?: number;
      /** Headers that whoever uses the address must send as they are here; others are moved into the address. */
      readonly sent: readonly string[];
    },
  ): Promise<{ readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly until: number }>;
}

/**
 * Addresses by which somebody else puts one part, or reads one artifact.
 *
 * The signature binds the part's number and upload, and its length and SHA-256 where they are known before: a header that
 * is signed must come as it was signed. A length that is not known, as the last part's, is not bound: S3 knows no "at
 * most" for a PUT. https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
export function s3Links(presigner: S3Presigner, placeOf: (key: string) => ArtifactPlace): VaultLinks {
  // The owner is left out: it would be one more header that a stranger must send.
  const placed = (key: string) => named({ ...placeOf(key), owner: null });
  return {
    part(upload, { number, bytes, sha256, withinMs, signedAt }) {
      requirePart(upload, number, bytes ?? 1);
      const { UploadId } = uploadIdIn(upload.id);
      return presigner.presign(
        new UploadPartCommand({
          ...placed(upload.key),
          UploadId,
          PartNumber: number,
          ...(bytes === undefined ? {} : { ContentLength: bytes }),
          ...(sha256 === undefined ? {} : { ChecksumSHA256: Buffer.from(sha256, "hex").toString("base64") }),
        }),
        {
          withinMs,
          sent: ["content-length", "x-amz-checksum-sha256"],
          ...(signedAt === undefined ? {} : { signedAt }),
        },
      );
    },
    content: (key, { withinMs }) => presigner.presign(new GetObjectCommand(placed(key)), { withinMs, sent: [] }),
  };
}

/** S3's own id of an upload, and the word by which what came of it is known. */
export function uploadIdIn(id: string): { readonly UploadId: string; readonly mark: string } {
  const at = id.indexOf(":");
  if (at < 1) throw new RangeError(`${JSON.stringify(id)} is no upload of this vault`);
  return { mark: id.slice(0, at), UploadId: id.slice(at + 1) };
}
