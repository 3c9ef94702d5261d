import { AwsError } from "../../wire/operation.ts";
import { s3Error } from "../../wire/s3/errors.ts";
import { contentsOf, findBucket } from "../../world/s3.ts";
import type { Bucket, BucketContents, ObjectVersion } from "../../world/s3-model.ts";
import type { Context } from "../handler.ts";
import { mayList } from "./access.ts";

const S3 = "https://docs.aws.amazon.com/AmazonS3/latest/API/";

/** The members by which requests name a bucket. */
export interface NamesBucket {
  readonly Bucket?: string | undefined;
  readonly ExpectedBucketOwner?: string | undefined;
}

/** The bucket that a request names, as it is. */
export function bucketOf({ world, call }: Context, { Bucket: name = "", ExpectedBucketOwner }: NamesBucket): Bucket {
  const bucket = findBucket(world, name);
  if (!bucket) {
    throw new AwsError("NoSuchBucket", "The specified bucket does not exist", {
      documentation: `${S3}ErrorResponses.html#ErrorCodeList`,
    });
  }
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
  if (ExpectedBucketOwner !== undefined && ExpectedBucketOwner !== bucket.accountId) {
    throw s3Error("AccessDenied", "Access Denied");
  }
  if (call.region !== bucket.regionName) {
    throw new AwsError(
      "PermanentRedirect",
      `The bucket you are attempting to access must be addressed using the specified endpoint: it lies in ${bucket.regionName}.`,
      { status: 301, documentation: `${S3}ErrorResponses.html#ErrorCodeList` },
    );
  }
  return bucket;
}

/** The bucket's configuration as a Get call shows it: it lags behind for a while after a change. */
export function seenBucket(context: Context, names: NamesBucket): Bucket {
  const bucket = bucketOf(context, names);
  return context.world.consistency.visible(bucket, context.world.now()) ?? bucket;
}

/** Where a request reads or writes. */
export interface Named {
  readonly bucket: Bucket;
  readonly contents: BucketContents;
  readonly key: string;
}

/** The bucket and the key that a request names. */
export function placeOf(context: Context, names: NamesBucket & { readonly Key?: string | undefined }): Named {
  const bucket = bucketOf(context, names);
  const key = names.Key ?? "";
  if (Buffer.byteLength(key) > 1024) throw s3Error("KeyTooLongError", "Your key is too long");
  return { bucket, contents: contentsOf(context.world, bucket), key };
}

/**
 * The version that a request names, or the current one.
 *
 * Who may not list the bucket does not learn that nothing is there:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */
export function versionOf(
  context: Context,
  { bucket, contents, key }: Named,
  versionId: string | undefined,
): ObjectVersion {
  const versions = contents.versions.get(key) ?? [];
  const version = versionId === undefined ? versions[0] : versions.find((each) => each.versionId === versionId);
  if (version?.kind === "object") return version;
  if (version && versionId !== undefined) {
    throw s3Error("MethodNotAllowed", "The specified method is not allowed against this resource.");
  }
  if (!mayList(context, bucket)) throw s3Error("AccessDenied", "Access Denied");
  if (versionId !== undefined) throw s3Error("NoSuchVersion", "The specified version does not exist.");
  throw new AwsError("NoSuchKey", "The specified key does not exist.", {
    documentation: `${S3}ErrorResponses.html#ErrorCodeList`,
  });
}
