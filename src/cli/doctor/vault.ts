import { accessSync, constants, existsSync } from "node:fs";
import type { Config } from "../../config/config.ts";
import type { Clock } from "../../core/clock.ts";
import { CordonError } from "../../core/errors.ts";
import type { TargetClients } from "../../core/step.ts";
import { requireFitBucket } from "../../vault/s3-bucket.ts";
import { codeOf } from "../../vault/s3-calls.ts";
import { tryWriting } from "../../vault/s3-trial.ts";
import { vaultStatements } from "../caller-policy.ts";
import { regionOf } from "../connection.ts";
import type { Desk } from "../desk.ts";
import { connectToVault, vaultFolder } from "../evidence-vault.ts";
import { type Check, failed, missing, ok, type Place } from "./check.ts";
import { additionsFor, type Finding, onlyChecks } from "./finding.ts";
import { attempt, examineRole } from "./identity.ts";
import { examineStatements, type Trial } from "./permissions.ts";

type Bucket = NonNullable<Config["vault"]>;

/** Whether evidence can be kept: the bucket has what it needs and takes what is written, or the folder can be written. */
export async function examineVault(desk: Desk): Promise<Finding> {
  const { environment, command, flags, limits, signal } = desk;
  const { vault } = environment.config;
  if (!vault) return onlyChecks(checkFolder(desk));
  const nowhere: Place = { account: vault.account ?? null, region: vault.region ?? null };
  const opened = await attempt(async () => {
    const connection = await connectToVault(environment, { command, flags, limits, signal });
    return { connection, region: regionOf(connection, command) };
  });
  if ("error" in opened) return onlyChecks(failed(nowhere, "vault", opened.error));
  const { connection, region } = opened.value;
  const place = { ...nowhere, region };
  const role = await examineRole(connection, null);
  const { arn, account } = role;
  if (arn === null || account === null) return onlyChecks(...role.checks);
  const aws = connection.direct(region);
  const principal = { account, arn, roleArn: connection.roleArn, aws };
  const [bucket, examined] = await Promise.all([
    checkBucket(aws.s3, { place, vault }),
    examineStatements({ account, region: null }, principal, trialsOf(vault, region)),
  ]);
  // What is not fit, or not ours, is not written to.
  const writing = bucket.state === "ok" ? [await checkWriting(aws.s3, { place, vault, clock: connection.clock })] : [];
  return {
    checks: [...role.checks, bucket, ...examined.checks, ...writing],
    additions: additionsFor(account, principal.roleArn ?? arn, examined.statements),
  };
}

function checkFolder({ environment }: Desk): Check {
  const place = { account: null, region: null };
  const folder = vaultFolder(environment);
  try {
    accessSync(existsSync(folder) ? folder : environment.home, constants.W_OK);
    return ok(place, "vault", `folder ${folder}`);
  } catch (error) {
    return failed(place, "vault", error);
  }
}

type S3 = TargetClients["s3"];

interface Looking {
  readonly place: Place & { readonly region: string };
  readonly vault: Bucket;
}

/** Whether the bucket is there, is whose it should be, keeps versions and locks. */
async function checkBucket(s3: S3, { place, vault }: Looking): Promise<Check> {
  const { bucket, account: owner = null, lock } = vault;
  const isLocked = lock !== undefined;
  const looked = await attempt(() => requireFitBucket(s3, { bucket, owner, isLocked }));
  if ("value" in looked) return ok(place, "vault", `bucket ${bucket} keeps versions${isLocked ? " and locks" : ""}`);
  const code = codeOf(looked.error);
  if (code === "NoSuchBucket")
    return missing(place, "vault", {
      detail: `there is no bucket ${bucket}`,
      remedy: `Whoever owns the account can make it: ${making(bucket, { region: place.region, isLocked })}`,
    });
  if (code !== null && elsewhere.has(code))
    return missing(place, "vault", {
      detail: `the bucket ${bucket} does not lie in ${place.region}`,
      remedy: `Name its Region under \`vault.region\` of cordon.yaml: aws s3api get-bucket-location --bucket ${bucket} says it.`,
    });
  if (owner === null || !isDenied(looked.error)) return failed(place, "vault", looked.error);
  return ofAnother(s3, { place, vault, owner, refused: looked.error });
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList */
const elsewhere: ReadonlySet<string> = new Set(["AuthorizationHeaderMalformed", "PermanentRedirect"]);

/** Object Lock switches versioning on: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-configure.html */
function making(bucket: string, { region, isLocked }: { readonly region: string; readonly isLocked: boolean }): string {
  const where = region === "us-east-1" ? "" : ` --create-bucket-configuration LocationConstraint=${region}`;
  const make = `aws s3api create-bucket --bucket ${bucket} --region ${region}${where}`;
  if (isLocked) return `${make} --object-lock-enabled-for-bucket`;
  return `${make} && aws s3api put-bucket-versioning --bucket ${bucket} --versioning-configuration Status=Enabled`;
}

/** S3 says "access denied" also of a bucket of another owner than the one that is named: without a name it shows which it is. */
async function ofAnother(
  s3: S3,
  { place, vault, owner, refused }: Looking & { readonly owner: string; readonly refused: unknown },
): Promise<Check> {
  const { bucket } = vault;
  const unnamed = await attempt(() => requireFitBucket(s3, { bucket, owner: null, isLocked: false }));
  if (!("error" in unnamed) || !isDenied(unnamed.error))
    return missing(place, "vault", {
      detail: `the bucket ${bucket} does not belong to account ${owner}`,
      remedy: "Nothing is written there. Name a bucket of that account, or mend `vault.account` in cordon.yaml.",
    });
  const { detail } = failed(place, "vault", refused);
  return missing(place, "vault", {
    detail,
    remedy: `Allow s3:GetBucketVersioning and s3:GetBucketObjectLockConfiguration; S3 answers the same where ${bucket} belongs to another account than ${owner}.`,
  });
}

async function checkWriting(s3: S3, { place, vault, clock }: Looking & { readonly clock: Clock }): Promise<Check> {
  const what = "writing into the vault";
  const { bucket, prefix = "", account: owner = null, lock = null, kmsKeyId = null } = vault;
  const objectKey = `${prefix}cordon-doctor`;
  const tried = await attempt(() => tryWriting(s3, { bucket, objectKey, owner }, { clock, lock, kmsKeyId }));
  if ("error" in tried) {
    const policies = `aws s3api get-bucket-policy --bucket ${bucket}${kmsKeyId === null ? "" : `, and aws kms describe-key --key-id ${kmsKeyId}`}`;
    return failed(
      place,
      what,
      tried.error,
      `Where the role's own policies allow it, the policy of the bucket, of its key or of the organization does not: ${policies}`,
    );
  }
  if (tried.value.kind === "kept") {
    const { detail } = failed(place, what, tried.value.error);
    const command = `aws s3api abort-multipart-upload --bucket ${bucket} --key ${objectKey} --upload-id ${tried.value.uploadId}`;
    return missing(place, what, {
      detail,
      remedy: `It began an upload and may not give it up. Allow it, or: ${command}`,
    });
  }
  const wishes = [...(lock === null ? [] : [`a lock of ${lock.days} days`]), ...(kmsKeyId === null ? [] : ["its key"])];
  const under = wishes.length === 0 ? "" : ` with ${wishes.join(" and ")}`;
  return ok(place, what, `tried${under}: an upload was begun and given up; reading back was not tried`);
}

/** What the vault's identity needs, each with a request under it. An alias is left to the trial: policies name keys. */
function trialsOf(vault: Bucket, region: string): readonly Trial[] {
  return vaultStatements(vault).flatMap((statement) => {
    const [resource = "*"] = [statement.Resource].flat();
    if (resource !== "*") return [{ statement, resource: resource.replace(/\*$/, "cordon-doctor"), keys: {} }];
    const { kmsKeyId = "" } = vault;
    const keys = { "kms:ViaService": `s3.${region}.amazonaws.com` };
    return kmsKeyId.startsWith("arn:") && !isAlias(kmsKeyId) ? [{ statement, resource: kmsKeyId, keys }] : [];
  });
}

function isAlias(kmsKeyId: string): boolean {
  return kmsKeyId.includes(":alias/");
}

function isDenied(error: unknown): boolean {
  return error instanceof CordonError && error.code === "access_denied";
}
