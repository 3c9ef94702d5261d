import { notImplemented } from "../wire/operation.ts";
import type { Context } from "../services/handler.ts";
import { contentsOf, findBucket } from "../world/s3.ts";
import { text, type ActionRow } from "./action-row.ts";
import type { ConditionKeys } from "./conditions.ts";
import type { AccessRequest } from "./evaluate.ts";

/** Which permissions each operation needs, and its parameters beside it. */
const S3 = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html";

type Input = Readonly<Record<string, unknown>>;

const bucketArn = ({ Bucket }: Input): string => `arn:aws:s3:::${text(Bucket)}`;
const objectArn = (input: Input): string => `${bucketArn(input)}/${text(input["Key"])}`;

/** One action on the bucket, and what some parameters ask for beside it. */
function onBucket(
  operation: string,
  action: string,
  also: (input: Input) => { readonly keys?: ConditionKeys; readonly actions?: readonly string[] } = () => ({}),
): readonly [string, ActionRow] {
  const required: ActionRow["required"] = (_, input) => {
    const { keys = {}, actions = [] } = also(input);
    return [action, ...actions].map((each) => ({ action: `s3:${each}`, resource: bucketArn(input), keys }));
  };
  return [operation, { documentation: S3, required }];
}

type More = (context: Context, input: Input) => readonly (AccessRequest | string)[];

/** One action on the object, and what some parameters ask for beside it: actions on the object by name, others whole. */
function onObject(
  operation: string,
  action: string | ((input: Input) => string),
  options: { readonly also?: More; readonly keys?: (context: Context, input: Input) => ConditionKeys } = {},
): readonly [string, ActionRow] {
  const required: ActionRow["required"] = (context, input) => {
    const keys = { ...versionKey(input), ...options.keys?.(context, input) };
    const first = typeof action === "string" ? action : action(input);
    return [first, ...(options.also?.(context, input) ?? [])].map((each) =>
      typeof each === "string" ? { action: `s3:${each}`, resource: objectArn(input), keys } : each,
    );
  };
  return [operation, { documentation: S3, required }];
}

function versionKey({ VersionId }: Input): ConditionKeys {
  return typeof VersionId === "string" ? { "s3:versionid": VersionId } : {};
}

/** Condition keys of a lock: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html */
function lockKeys({ world }: Context, mode: unknown, date: unknown, hold: unknown): ConditionKeys {
  return {
    ...(typeof mode === "string" && { "s3:object-lock-mode": mode }),
    ...(typeof hold === "string" && { "s3:object-lock-legal-hold": hold }),
    ...(date instanceof Date && {
      "s3:object-lock-retain-until-date": date.toISOString(),
      "s3:object-lock-remaining-retention-days": String(Math.ceil((date.getTime() - world.now()) / 86_400_000)),
    }),
  };
}

function putKeys(context: Context, input: Input): ConditionKeys {
  const { ServerSideEncryption, SSEKMSKeyId, StorageClass, IfNoneMatch } = input;
  return {
    ...lockKeys(
      context,
      input["ObjectLockMode"],
      input["ObjectLockRetainUntilDate"],
      input["ObjectLockLegalHoldStatus"],
    ),
    ...(typeof ServerSideEncryption === "string" && { "s3:x-amz-server-side-encryption": ServerSideEncryption }),
    ...(typeof SSEKMSKeyId === "string" && { "s3:x-amz-server-side-encryption-aws-kms-key-id": SSEKMSKeyId }),
    ...(typeof StorageClass === "string" && { "s3:x-amz-storage-class": StorageClass }),
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
    ...(typeof IfNoneMatch === "string" && { "s3:if-none-match": IfNoneMatch }),
  };
}

/** What a put asks for by its parameters: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
const putAlso: More = (context, input) => {
  if (input["ACL"] !== undefined && input["ACL"] !== "private") throw notImplemented("s3", "ACLs");
  return [
    ...(input["ACL"] === undefined ? [] : ["PutObjectAcl"]),
    ...(input["ObjectLockMode"] === undefined ? [] : ["PutObjectRetention"]),
    ...(input["ObjectLockLegalHoldStatus"] === undefined ? [] : ["PutObjectLegalHold"]),
    ...(input["Tagging"] === undefined ? [] : ["PutObjectTagging"]),
    ...onKey(context, "kms:GenerateDataKey", keyOfPut(context, input)),
  ];
};

/** The KMS key that a put encrypts with; null for keys that S3 or AWS manages, which ask for no permission. */
function keyOfPut({ world }: Context, input: Input): string | null {
  const { ServerSideEncryption, SSEKMSKeyId } = input;
  if (typeof SSEKMSKeyId === "string") return SSEKMSKeyId;
  const encryption = findBucket(world, text(input["Bucket"]))?.encryption;
  const isDefault = ServerSideEncryption === undefined || ServerSideEncryption === encryption?.algorithm;
  return isDefault ? (encryption?.kmsKeyId ?? null) : null;
}

/** The KMS key of the object that is read. */
function keyOfObject({ world }: Context, input: Input): string | null {
  const bucket = findBucket(world, text(input["Bucket"]));
  const versions = (bucket && contentsOf(world, bucket).versions.get(text(input["Key"]))) ?? [];
  const wanted = input["VersionId"];
  const version = wanted === undefined ? versions[0] : versions.find(({ versionId }) => versionId === wanted);
  return version?.kind === "object" ? version.description.encryption.kmsKeyId : null;
}

/** The KMS key of the upload that a part belongs to. */
function keyOfUpload({ world }: Context, input: Input): string | null {
  const bucket = findBucket(world, text(input["Bucket"]));
  const upload = bucket && contentsOf(world, bucket).uploads.get(text(input["UploadId"]));
  return upload?.description.encryption.kmsKeyId ?? null;
}

function onKey({ account, call }: Context, action: string, key: string | null): readonly AccessRequest[] {
  if (key === null) return [];
  const kind = key.startsWith("alias/") ? key : `key/${key}`;
  const resource = key.startsWith("arn:") ? key : `arn:aws:kms:${call.region}:${account.id}:${kind}`;
  return [{ action, resource, keys: { "kms:ViaService": `s3.${call.region}.amazonaws.com` } }];
}

const listKeys = ({ Prefix, Delimiter, MaxKeys }: Input): { readonly keys: ConditionKeys } => ({
  keys: {
    ...(typeof Prefix === "string" && { "s3:prefix": Prefix }),
    ...(typeof Delimiter === "string" && { "s3:delimiter": Delimiter }),
    ...(typeof MaxKeys === "number" && { "s3:max-keys": String(MaxKeys) }),
  },
});

const readAlso: More = (context, input) => onKey(context, "kms:Decrypt", keyOfObject(context, input));
const readAction = ({ VersionId }: Input): string => (VersionId === undefined ? "GetObject" : "GetObjectVersion");
const bypass: More = (_, { BypassGovernanceRetention }) =>
  BypassGovernanceRetention === true ? ["BypassGovernanceRetention"] : [];

/** Parts of an encrypted upload need both: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html */
const uploadAlso: More = (context, input) => onKey(context, "kms:Decrypt", keyOfUpload(context, input));

const objectRows = [
  onObject("PutObject", "PutObject", { also: putAlso, keys: putKeys }),
  onObject("GetObject", readAction, { also: readAlso }),
  onObject("HeadObject", readAction, { also: readAlso }),
  onObject("DeleteObject", ({ VersionId }) => (VersionId === undefined ? "DeleteObject" : "DeleteObjectVersion"), {
    also: bypass,
  }),
  onObject("PutObjectRetention", "PutObjectRetention", {
    also: bypass,
    keys: (context, { Retention }) => {
      const { Mode, RetainUntilDate } = (Retention ?? {}) as Input;
      return lockKeys(context, Mode, RetainUntilDate, undefined);
    },
  }),
  onObject("GetObjectRetention", "GetObjectRetention"),
  onObject("PutObjectLegalHold", "PutObjectLegalHold", {
    keys: (context, { LegalHold }) =>
      lockKeys(context, undefined, undefined, (LegalHold as Input | undefined)?.["Status"]),
  }),
  onObject("GetObjectLegalHold", "GetObjectLegalHold"),
  onObject("CreateMultipartUpload", "PutObject", {
    also: (context, input) => [...putAlso(context, input), ...onKey(context, "kms:Decrypt", keyOfPut(context, input))],
    keys: putKeys,
  }),
  onObject("UploadPart", "PutObject", {
    also: (context, input) => [
      ...uploadAlso(context, input),
      ...onKey(context, "kms:GenerateDataKey", keyOfUpload(context, input)),
    ],
  }),
  onObject("CompleteMultipartUpload", "PutObject", { also: uploadAlso }),
  onObject("ListParts", "ListMultipartUploadParts"),
  onObject("AbortMultipartUpload", "AbortMultipartUpload"),
] satisfies (readonly [string, ActionRow])[];

const bucketRows = [
  onBucket("CreateBucket", "CreateBucket", ({ ObjectLockEnabledForBucket, ObjectOwnership }) => ({
    // https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
    actions: [
      ...(ObjectLockEnabledForBucket === true ? ["PutBucketObjectLockConfiguration", "PutBucketVersioning"] : []),
      ...(ObjectOwnership === undefined ? [] : ["PutBucketOwnershipControls"]),
    ],
  })),
  onBucket("HeadBucket", "ListBucket"),
  onBucket("PutBucketVersioning", "PutBucketVersioning"),
  onBucket("GetBucketVersioning", "GetBucketVersioning"),
  onBucket("PutObjectLockConfiguration", "PutBucketObjectLockConfiguration"),
  onBucket("GetObjectLockConfiguration", "GetBucketObjectLockConfiguration"),
  onBucket("PutBucketEncryption", "PutEncryptionConfiguration"),
  onBucket("GetBucketEncryption", "GetEncryptionConfiguration"),
  onBucket("PutPublicAccessBlock", "PutBucketPublicAccessBlock"),
  onBucket("GetPublicAccessBlock", "GetBucketPublicAccessBlock"),
  onBucket("PutBucketPolicy", "PutBucketPolicy"),
  onBucket("GetBucketPolicy", "GetBucketPolicy"),
  onBucket("ListObjects", "ListBucket", listKeys),
  onBucket("ListObjectsV2", "ListBucket", listKeys),
  onBucket("ListObjectVersions", "ListBucketVersions", listKeys),
  onBucket("ListMultipartUploads", "ListBucketMultipartUploads"),
] satisfies (readonly [string, ActionRow])[];

/**
 * What IAM checks for every operation of S3 that the range serves.
 * Condition keys: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html#amazons3-policy-keys
 */
export const S3_ACTIONS: Readonly<Record<string, ActionRow>> = Object.fromEntries([...objectRows, ...bucketRows]);
