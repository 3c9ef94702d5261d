import { s3Error } from "../../wire/s3/errors.ts";
import { randomText } from "../../world/random.ts";
import type { Bucket, DeleteMarker, ObjectVersion, Version } from "../../world/s3-model.ts";
import { currentVersion } from "../../world/s3.ts";
import type { Context } from "../handler.ts";
import type { Named } from "./named.ts";

const VERSION_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";

/** What a put may demand of what is there. */
export interface PutCondition {
  readonly IfNoneMatch?: string | undefined;
  readonly IfMatch?: string | undefined;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
export function requireCondition({ contents, key }: Named, { IfNoneMatch, IfMatch }: PutCondition): void {
  const current = currentVersion(contents, key);
  if (IfNoneMatch !== undefined && IfNoneMatch !== "*") {
    throw s3Error("InvalidArgument", "The only allowed value of If-None-Match is *.");
  }
  const isThere = IfNoneMatch === "*" && current !== null;
  const isOther = IfMatch !== undefined && current?.etag !== IfMatch;
  if (isThere || isOther) {
    throw s3Error("PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
  }
}

/** The id of the version that is written now; "null" where the bucket does not count. */
export function newVersionId({ world }: Context, { versioning }: Bucket): string {
  return versioning === "Enabled" ? randomText(world.random, VERSION_ALPHABET, 32) : "null";
}

/** Puts a version on top of its key. One without a number replaces the one without a number. */
export function addVersion<T extends ObjectVersion | DeleteMarker>({ contents }: Named, version: T): T {
  const present = contents.versions.get(version.key) ?? [];
  const others = present.filter(({ versionId }) => version.versionId !== "null" || versionId !== "null");
  contents.versions.set(version.key, [version, ...others]);
  return version;
}

/** Takes a version away for good. */
export function removeVersion({ contents, key }: Named, versionId: string): Version | null {
  const present = contents.versions.get(key) ?? [];
  const found = present.find((each) => each.versionId === versionId) ?? null;
  const rest = present.filter((each) => each !== found);
  if (rest.length > 0) contents.versions.set(key, rest);
  else contents.versions.delete(key);
  return found;
}

/** A version's id as answers show it: left out where the bucket has never counted. */
export function shownVersionId({ versioning }: Bucket, versionId: string): { VersionId?: string } {
  return versioning === null ? {} : { VersionId: versionId };
}
