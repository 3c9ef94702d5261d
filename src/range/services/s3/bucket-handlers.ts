import type * as s3 from "@aws-sdk/client-s3";
import { AwsError } from "../../wire/operation.ts";
import { s3Error } from "../../wire/s3/errors.ts";
import { createBucket, findBucket } from "../../world/s3.ts";
import type { Bucket } from "../../world/s3-model.ts";
import { handler, type Context } from "../handler.ts";
import { readDefaultRetention } from "./lock.ts";
import { bucketOf, seenBucket } from "./named.ts";

const S3 = "https://docs.aws.amazon.com/AmazonS3/latest/API/";
const HOME_REGION = "us-east-1";

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
const bucketName = /^(?!xn--|sthree-|amzn-s3-demo-)(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

const createBucketHandler = handler((context, input: s3.CreateBucketRequest): s3.CreateBucketOutput => {
  const { world, account, region } = context;
  const { Bucket: name = "", ACL } = input;
  if (!bucketName.test(name)) throw s3Error("InvalidBucketName", "The specified bucket is not valid.");
  if (ACL !== undefined && ACL !== "private")
    throw new AwsError("NotImplemented", "The range has private buckets only.", { status: 501 });
  const wanted = input.CreateBucketConfiguration?.LocationConstraint ?? HOME_REGION;
  if (wanted !== region.name) {
    throw new AwsError(
      "IllegalLocationConstraintException",
      `The ${wanted} location constraint is incompatible for the region specific endpoint this request was sent to.`,
      { status: 400, documentation: `${S3}API_CreateBucket.html` },
    );
  }
  const known = findBucket(world, name);
  if (known) throw taken(known, account.id);
  const objectLock = input.ObjectLockEnabledForBucket === true ? { objectLock: { defaultRetention: null } } : {};
  createBucket({ world, account, region }, { name, ...objectLock });
  return { Location: `/${name}` };
});

function taken(bucket: Bucket, accountId: string): AwsError {
  const documentation = `${S3}API_CreateBucket.html#API_CreateBucket_Errors`;
  return bucket.accountId === accountId
    ? new AwsError(
        "BucketAlreadyOwnedByYou",
        "Your previous request to create the named bucket succeeded and you already own it.",
        { documentation },
      )
    : new AwsError(
        "BucketAlreadyExists",
        "The requested bucket name is not available. The bucket namespace is shared by all users of the system.",
        { documentation },
      );
}

const headBucket = handler((context, input: s3.HeadBucketRequest): s3.HeadBucketOutput => {
  const { id, regionName } = bucketOf(context, input);
  return { BucketRegion: regionName, BucketArn: `arn:aws:s3:::${id}`, AccessPointAlias: false };
});

const putBucketVersioning = handler((context, input: s3.PutBucketVersioningRequest): object => {
  const bucket = bucketOf(context, input);
  const { Status, MFADelete } = input.VersioningConfiguration ?? {};
  if (MFADelete === "Enabled") throw new AwsError("NotImplemented", "The range has no MFA delete.", { status: 501 });
  if (Status !== "Enabled" && Status !== "Suspended") {
    throw s3Error(
      "MalformedXML",
      "The XML you provided was not well-formed or did not validate against our published schema",
    );
  }
  if (Status === "Suspended" && bucket.objectLock) {
    throw s3Error(
      "InvalidBucketState",
      "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
    );
  }
  context.world.change(bucket, () => (bucket.versioning = Status));
  return {};
});

const getBucketVersioning = handler((context, input: s3.GetBucketVersioningRequest): s3.GetBucketVersioningOutput => {
  const { versioning } = seenBucket(context, input);
  return versioning === null ? {} : { Status: versioning };
});

const putObjectLockConfiguration = handler((context, input: s3.PutObjectLockConfigurationRequest): object => {
  const bucket = bucketOf(context, input);
  const { ObjectLockEnabled, Rule } = input.ObjectLockConfiguration ?? {};
  if (ObjectLockEnabled !== "Enabled") {
    throw s3Error(
      "MalformedXML",
      "The XML you provided was not well-formed or did not validate against our published schema",
    );
  }
  // https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLockConfiguration.html
  if (bucket.versioning !== "Enabled") {
    throw s3Error(
      "InvalidBucketState",
      "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
    );
  }
  const defaultRetention = Rule?.DefaultRetention ? readDefaultRetention(Rule.DefaultRetention) : null;
  context.world.change(bucket, () => (bucket.objectLock = { defaultRetention }));
  return {};
});

const getObjectLockConfiguration = handler(
  (context, input: s3.GetObjectLockConfigurationRequest): s3.GetObjectLockConfigurationOutput => {
    const { objectLock } = seenBucket(context, input);
    if (!objectLock) {
      throw s3Error("ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket");
    }
    const { defaultRetention } = objectLock;
    return {
      ObjectLockConfiguration: {
        ObjectLockEnabled: "Enabled",
        ...(defaultRetention && {
          Rule: {
            DefaultRetention: {
              Mode: defaultRetention.mode,
              ...(defaultRetention.days !== null && { Days: defaultRetention.days }),
              ...(defaultRetention.years !== null && { Years: defaultRetention.years }),
            },
          },
        }),
      },
    };
  },
);

const putBucketEncryption = handler((context, input: s3.PutBucketEncryptionRequest): object => {
  const bucket = bucketOf(context, input);
  const [rule, second] = input.ServerSideEncryptionConfiguration?.Rules ?? [];
  const { SSEAlgorithm, KMSMasterKeyID } = rule?.ApplyServerSideEncryptionByDefault ?? {};
  if (SSEAlgorithm === undefined || second) {
    throw s3Error(
      "MalformedXML",
      "The XML you provided was not well-formed or did not validate against our published schema",
    );
  }
  if (SSEAlgorithm === "AES256" && KMSMasterKeyID !== undefined) {
    throw s3Error("InvalidArgument", "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms");
  }
  const bucketKeyEnabled = rule?.BucketKeyEnabled ?? false;
  const encryption = { algorithm: SSEAlgorithm, kmsKeyId: KMSMasterKeyID ?? null, bucketKeyEnabled };
  context.world.change(bucket, () => (bucket.encryption = encryption));
  return {};
});

const getBucketEncryption = handler((context, input: s3.GetBucketEncryptionRequest): s3.GetBucketEncryptionOutput => {
  const { algorithm, kmsKeyId, bucketKeyEnabled } = seenBucket(context, input).encryption;
  const SSEAlgorithm = algorithm as s3.ServerSideEncryption;
  const byDefault = { SSEAlgorithm, ...(kmsKeyId !== null && { KMSMasterKeyID: kmsKeyId }) };
  return {
    ServerSideEncryptionConfiguration: {
      Rules: [{ ApplyServerSideEncryptionByDefault: byDefault, BucketKeyEnabled: bucketKeyEnabled }],
    },
  };
});

const blocks = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"] as const;

const putPublicAccessBlock = handler((context, input: s3.PutPublicAccessBlockRequest): object => {
  const bucket = bucketOf(context, input);
  const wanted = input.PublicAccessBlockConfiguration ?? {};
  const publicAccessBlock = Object.fromEntries(blocks.map((name) => [name, wanted[name] ?? false]));
  context.world.change(bucket, () => (bucket.publicAccessBlock = publicAccessBlock));
  return {};
});

const getPublicAccessBlock = handler(
  (context, input: s3.GetPublicAccessBlockRequest): s3.GetPublicAccessBlockOutput => {
    const { publicAccessBlock } = seenBucket(context, input);
    if (!publicAccessBlock) {
      throw s3Error("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found");
    }
    return { PublicAccessBlockConfiguration: publicAccessBlock };
  },
);

const putBucketPolicy = handler((context, input: s3.PutBucketPolicyRequest): object => {
  const bucket = bucketOf(context, input);
  const policy = input.Policy ?? "";
  requirePolicy(context, policy);
  context.world.change(bucket, () => (bucket.policy = policy));
  return {};
});

function requirePolicy(_context: Context, text: string): void {
  try {
    const { Statement } = JSON.parse(text) as { readonly Statement?: unknown };
    const statements = [Statement].flat() as readonly { readonly Principal?: unknown; readonly Effect?: unknown }[];
    const isComplete = statements.every((each) => each?.Principal !== undefined && each.Effect !== undefined);
    if (isComplete && statements.length > 0) return;
  } catch {
    // Not JSON: refused like any other text that is no policy.
  }
  throw s3Error("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'");
}

const getBucketPolicy = handler((context, input: s3.GetBucketPolicyRequest): s3.GetBucketPolicyOutput => {
  const { policy } = seenBucket(context, input);
  if (policy === null) throw s3Error("NoSuchBucketPolicy", "The bucket policy does not exist");
  return { Policy: policy };
});

export const bucketHandlers = {
  CreateBucket: createBucketHandler,
  HeadBucket: headBucket,
  PutBucketVersioning: putBucketVersioning,
  GetBucketVersioning: getBucketVersioning,
  PutObjectLockConfiguration: putObjectLockConfiguration,
  GetObjectLockConfiguration: getObjectLockConfiguration,
  PutBucketEncryption: putBucketEncryption,
  GetBucketEncryption: getBucketEncryption,
  PutPublicAccessBlock: putPublicAccessBlock,
  GetPublicAccessBlock: getPublicAccessBlock,
  PutBucketPolicy: putBucketPolicy,
  GetBucketPolicy: getBucketPolicy,
};
