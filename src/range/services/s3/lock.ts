import type * as s3 from "@aws-sdk/client-s3";
import { s3Error } from "../../wire/s3/errors.ts";
import type { Bucket, DefaultRetention, ObjectVersion, Retention, RetentionMode } from "../../world/s3-model.ts";
import { defaultRetention } from "../../world/s3.ts";
import { handler, type Context } from "../handler.ts";
import { placeOf, versionOf } from "./named.ts";

/** The members by which requests say how long something stays. */
export interface LockWish {
  readonly ObjectLockMode?: string | undefined;
  readonly ObjectLockRetainUntilDate?: Date | undefined;
  readonly ObjectLockLegalHoldStatus?: string | undefined;
}

/** A bucket's default: a mode, and days or years. */
export function readDefaultRetention({ Mode, Days, Years }: s3.DefaultRetention): DefaultRetention {
  const isOne = (Days === undefined) !== (Years === undefined);
  if (!isOne) throw malformed();
  if ((Days ?? Years ?? 0) <= 0) {
    throw s3Error("InvalidArgument", "Default retention period must be a positive integer value.");
  }
  return { mode: readMode(Mode), days: Days ?? null, years: Years ?? null };
}

function readMode(mode: string | undefined): RetentionMode {
  if (mode === undefined || !isMode(mode)) throw malformed();
  return mode;
}

function isMode(mode: string): mode is RetentionMode {
  return mode === "GOVERNANCE" || mode === "COMPLIANCE";
}

/** The lock of an object that is put now: what the request says, or else the bucket's default. */
export function lockOnPut(
  context: Context,
  bucket: Bucket,
  wish: LockWish,
): { readonly retention: Retention | null; readonly legalHold: boolean } {
  const { ObjectLockMode: mode, ObjectLockRetainUntilDate: date, ObjectLockLegalHoldStatus: hold } = wish;
  const says = mode !== undefined || date !== undefined || hold !== undefined;
  if (says && !bucket.objectLock) throw s3Error("InvalidRequest", "Bucket is missing Object Lock Configuration");
  if ((mode === undefined) !== (date === undefined)) {
    throw s3Error(
      "InvalidArgument",
      "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
    );
  }
  if (mode !== undefined && !isMode(mode)) throw s3Error("InvalidArgument", "Unknown wormMode directive.");
  const own = mode === undefined || date === undefined ? null : { mode, until: futureOf(context, date) };
  return { retention: own ?? defaultRetention(context.world, bucket), legalHold: hold === "ON" };
}

function futureOf({ world }: Context, date: Date): number {
  if (date.getTime() <= world.now()) {
    throw s3Error("InvalidArgument", "The retain until date must be in the future!");
  }
  return date.getTime();
}

/**
 * Refuses to take a version away that is locked.
 *
 * Compliance binds everybody until its date, a legal hold everybody until it is lifted; governance gives way to who may
 * bypass it and says so: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
 */
export function requireUnlocked({ world }: Context, version: ObjectVersion, bypass: boolean | undefined): void {
  const { retention, legalHold } = version;
  const isRetained = retention !== null && retention.until > world.now();
  const givesWay = retention?.mode === "GOVERNANCE" && bypass === true;
  if (legalHold || (isRetained && !givesWay)) {
    throw s3Error("AccessDenied", "Access Denied because object protected by object lock.");
  }
}

const putObjectRetention = handler((context, input: s3.PutObjectRetentionRequest): s3.PutObjectRetentionOutput => {
  const named = placeOf(context, input);
  requireLock(named.bucket);
  const version = versionOf(context, named, input.VersionId);
  const { Mode, RetainUntilDate } = input.Retention ?? {};
  if ((Mode === undefined) !== (RetainUntilDate === undefined)) throw malformed();
  const wanted: Retention | null =
    RetainUntilDate === undefined ? null : { mode: readMode(Mode), until: futureOf(context, RetainUntilDate) };
  if (isWeaker(context, version.retention, wanted)) {
    const { mode } = version.retention ?? {};
    if (mode === "COMPLIANCE" || input.BypassGovernanceRetention !== true) {
      throw s3Error("AccessDenied", "Access Denied because object protected by object lock.");
    }
  }
  version.retention = wanted;
  return {};
});

/** Whether a new retention would let go of what the present one holds. */
function isWeaker({ world }: Context, present: Retention | null, wanted: Retention | null): boolean {
  if (!present || present.until <= world.now()) return false;
  if (!wanted || wanted.until < present.until) return true;
  return present.mode === "COMPLIANCE" ? wanted.mode !== "COMPLIANCE" : wanted.mode !== present.mode;
}

const getObjectRetention = handler((context, input: s3.GetObjectRetentionRequest): s3.GetObjectRetentionOutput => {
  const named = placeOf(context, input);
  requireLock(named.bucket);
  const { retention } = versionOf(context, named, input.VersionId);
  if (!retention) throw withoutLock();
  return { Retention: { Mode: retention.mode, RetainUntilDate: new Date(retention.until) } };
});

const putObjectLegalHold = handler((context, input: s3.PutObjectLegalHoldRequest): s3.PutObjectLegalHoldOutput => {
  const named = placeOf(context, input);
  requireLock(named.bucket);
  const status = input.LegalHold?.Status;
  if (status !== "ON" && status !== "OFF") throw malformed();
  versionOf(context, named, input.VersionId).legalHold = status === "ON";
  return {};
});

const getObjectLegalHold = handler((context, input: s3.GetObjectLegalHoldRequest): s3.GetObjectLegalHoldOutput => {
  const named = placeOf(context, input);
  requireLock(named.bucket);
  const { legalHold } = versionOf(context, named, input.VersionId);
  return { LegalHold: { Status: legalHold ? "ON" : "OFF" } };
});

function requireLock({ objectLock }: Bucket): void {
  if (!objectLock) throw s3Error("InvalidRequest", "Bucket is missing Object Lock Configuration");
}

function withoutLock(): Error {
  return s3Error("NoSuchObjectLockConfiguration", "The specified object does not have a ObjectLock configuration");
}

function malformed(): Error {
  return s3Error(
    "MalformedXML",
    "The XML you provided was not well-formed or did not validate against our published schema",
  );
}

export const lockHandlers = {
  PutObjectRetention: putObjectRetention,
  GetObjectRetention: getObjectRetention,
  PutObjectLegalHold: putObjectLegalHold,
  GetObjectLegalHold: getObjectLegalHold,
};
