import { vaultStatements } from "../../src/cli/caller-policy.ts";
import { registry } from "../../src/cli/compose.ts";

/** Services that botocore calls otherwise than policies do. */
const SERVICES: Readonly<Record<string, string>> = { elasticloadbalancing: "elbv2" };

/** Actions that are not spelled as one operation, with the operations that ask for them. */
const OTHERWISE: Readonly<Record<string, { readonly operations: readonly string[]; readonly why: string }>> = {
  "iam:PassRole": { operations: [], why: "asked of whoever gives a role to something: no operation has this name" },
  "kms:Decrypt": { operations: [], why: "EBS and S3 use the key in the caller's name" },
  "kms:GenerateDataKey": { operations: [], why: "S3 uses the key in the caller's name" },
  "s3:GetBucketObjectLockConfiguration": {
    operations: ["s3 GetObjectLockConfiguration"],
    why: "the action names the bucket, the operation does not",
  },
  "s3:GetObject": { operations: ["s3 GetObject", "s3 HeadObject"], why: "a head is read with it too" },
  "s3:GetObjectRetention": { operations: [], why: "without it a head is answered without the lock" },
  "s3:ListBucket": { operations: ["s3 ListObjectsV2"], why: "the action has the older name" },
  "s3:ListBucketMultipartUploads": { operations: ["s3 ListMultipartUploads"], why: "the action names the bucket" },
  "s3:ListMultipartUploadParts": { operations: ["s3 ListParts"], why: "the action names what the parts are of" },
  "s3:PutObject": {
    operations: ["s3 PutObject", "s3 CreateMultipartUpload", "s3 UploadPart", "s3 CompleteMultipartUpload"],
    why: "uploads in parts are puts as well",
  },
  "s3:PutObjectRetention": { operations: [], why: "asked of puts that say how long the object is locked" },
};

/** What none of the drills makes Cordon send, and why. What is seen after all does not belong here. */
export const NOT_DRILLED: Readonly<Record<string, string>> = {
  "iam DeleteRolePolicy": "the deny stays until the sessions are over, hours after the release and the end of a drill",
  "s3 ListObjectsV2": "only people who look at evidence list the vault",
};

/** Every operation that the permissions of all steps and of the vault let Cordon send, as the models name them. */
export function operationsNeeded(): readonly string[] {
  const steps = [...registry.values()].flatMap(({ permissions: { target, evidence = {} } }) =>
    [...Object.values(target), ...Object.values(evidence)].flat(),
  );
  const vault = vaultStatements({ bucket: "evidence", lock: { mode: "governance", days: 1 }, kmsKeyId: "key" });
  const actions = [...steps, ...vault.flatMap(({ Action }) => Action)];
  return [...new Set(actions.flatMap(operationsOf))].sort();
}

function operationsOf(action: string): readonly string[] {
  const otherwise = OTHERWISE[action];
  if (otherwise) return otherwise.operations;
  const [service = "", operation = ""] = action.split(":");
  return [`${SERVICES[service] ?? service} ${operation}`];
}
