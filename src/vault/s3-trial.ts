import { AbortMultipartUploadCommand, CreateMultipartUploadCommand } from "@aws-sdk/client-s3";
import { named, type ArtifactPlace } from "./s3-artifact.ts";
import { codeOf, type S3Sender } from "./s3-calls.ts";
import { protection, type Protection } from "./s3-protection.ts";

/** `kept`: the upload may not be given up. No object comes of it, and nothing lists it among the artifacts. */
export type Trial =
  { readonly kind: "given-up" } | { readonly kind: "kept"; readonly uploadId: string; readonly error: unknown };

/**
 * Tries to write as the vault does, without leaving an object: begins an upload in parts with the lock and the key that
 * artifacts get, and gives it up. S3 checks `s3:PutObject`, `s3:PutObjectRetention` and the key for it, and whatever the
 * policies of the bucket, the key and the organization say besides: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
 *
 * What a policy says of content, of conditional puts or of reading is not tried.
 */
export async function tryWriting(s3: S3Sender, place: ArtifactPlace, wish: Protection): Promise<Trial> {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...named(place), ...protection(wish) }));
  if (UploadId === undefined) throw new TypeError("CreateMultipartUpload answered without an id");
  try {
    await s3.send(new AbortMultipartUploadCommand({ ...named(place), UploadId }));
    return { kind: "given-up" };
  } catch (error) {
    return codeOf(error) === "NoSuchUpload" ? { kind: "given-up" } : { kind: "kept", uploadId: UploadId, error };
  }
}
