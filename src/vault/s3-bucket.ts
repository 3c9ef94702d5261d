import { GetBucketVersioningCommand, GetObjectLockConfigurationCommand } from "@aws-sdk/client-s3";
import { CordonError } from "../core/errors.ts";
import { codeOf, type S3Sender } from "./s3-calls.ts";

/**
 * Refuses a bucket in which evidence could be lost: one without versions or, where artifacts are to be locked, without
 * Object Lock.
 */
export async function requireFitBucket(
  s3: S3Sender,
  { bucket, owner, isLocked }: { readonly bucket: string; readonly owner: string | null; readonly isLocked: boolean },
): Promise<void> {
  const Bucket = { Bucket: bucket, ...(owner === null ? {} : { ExpectedBucketOwner: owner }) };
  const [{ Status }, hasLock] = await Promise.all([
    s3.send(new GetBucketVersioningCommand(Bucket)),
    isLocked ? hasObjectLock(s3, Bucket) : false,
  ]);
  if (Status !== "Enabled") {
    throw new CordonError("vault_bucket_unfit", {
      bucket,
      reason: "it keeps no versions, so that whoever writes over an artifact destroys it",
      command: `aws s3api put-bucket-versioning --bucket ${bucket} --versioning-configuration Status=Enabled`,
    });
  }
  if (isLocked && !hasLock) {
    throw new CordonError("vault_bucket_unfit", {
      bucket,
      reason: "it has no Object Lock, and artifacts are to be locked",
      command: `aws s3api put-object-lock-configuration --bucket ${bucket} --object-lock-configuration ObjectLockEnabled=Enabled`,
    });
  }
}

async function hasObjectLock(
  s3: S3Sender,
  bucket: { readonly Bucket: string; readonly ExpectedBucketOwner?: string },
): Promise<boolean> {
  try {
    const { ObjectLockConfiguration } = await s3.send(new GetObjectLockConfigurationCommand(bucket));
    return ObjectLockConfiguration?.ObjectLockEnabled === "Enabled";
  } catch (error) {
    if (codeOf(error) === "ObjectLockConfigurationNotFoundError") return false;
    throw error;
  }
}
