import type * as s3 from "@aws-sdk/client-s3";
import { s3Error } from "../../wire/s3/errors.ts";
import type { ObjectVersion } from "../../world/s3-model.ts";
import { handler, type Context } from "../handler.ts";
import { lockOnPut, requireUnlocked } from "./lock.ts";
import { placeOf, versionOf, type Named } from "./named.ts";
import { checksumMembers, checksumOf, descriptionOf, encryptionMembers, etagOf } from "./put-content.ts";
import { readRange } from "./ranges.ts";
import { addVersion, newVersionId, removeVersion, requireCondition, shownVersionId } from "./versions.ts";

/** Metadata arrives and leaves as headers, whose names do not care about case. */
type Input<T> = Omit<T, "Body"> & { readonly Body?: Uint8Array };
type Output<T> = Omit<T, "Body"> & { readonly Body?: Uint8Array };

const putObject = handler((context, input: Input<s3.PutObjectRequest>): s3.PutObjectOutput => {
  const named = placeOf(context, input);
  const { bucket, key } = named;
  const content = input.Body ?? new Uint8Array();
  const lock = lockOnPut(context, bucket, input);
  requireLockedChecksum(input);
  requireCondition(named, input);
  const description = descriptionOf(bucket, input);
  const version = addVersion(named, {
    kind: "object",
    key,
    versionId: newVersionId(context, bucket),
    lastModified: context.world.now(),
    content,
    etag: etagOf(content, description.encryption),
    description,
    checksum: checksumOf(content, input),
    partSizes: null,
    ...lock,
  });
  return {
    ETag: version.etag,
    ...checksumMembers(version.checksum),
    ChecksumType: version.checksum.type,
    ...encryptionMembers(description.encryption),
    ...shownVersionId(bucket, version.versionId),
  };
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html: a lock is only put with a digest. */
function requireLockedChecksum(input: Input<s3.PutObjectRequest>): void {
  const locks = input.ObjectLockMode !== undefined || input.ObjectLockLegalHoldStatus !== undefined;
  const hasDigest = Object.entries(input).some(
    ([name, value]) => /^Checksum(CRC|SHA)|^ContentMD5$/.test(name) && value !== undefined,
  );
  if (!locks || hasDigest) return;
  throw s3Error(
    "InvalidRequest",
    "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters",
  );
}

/** What GetObject and HeadObject say alike. */
function describe(
  context: Context,
  named: Named,
  version: ObjectVersion,
  mode: string | undefined,
): s3.HeadObjectOutput {
  const { description, checksum, retention, legalHold } = version;
  return {
    AcceptRanges: "bytes",
    LastModified: new Date(version.lastModified),
    ContentLength: version.content.length,
    ETag: version.etag,
    ContentType: "binary/octet-stream",
    ...description.headers,
    Metadata: { ...description.metadata },
    ...encryptionMembers(description.encryption),
    ...shownVersionId(named.bucket, version.versionId),
    ...(mode === "ENABLED" && { ...checksumMembers(checksum), ChecksumType: checksum.type }),
    ...(retention && {
      ObjectLockMode: retention.mode,
      ObjectLockRetainUntilDate: new Date(retention.until),
    }),
    ...(legalHold && { ObjectLockLegalHoldStatus: "ON" as const }),
  };
}

interface ReadCondition {
  readonly IfMatch?: string | undefined;
}

function requireMatch({ etag }: ObjectVersion, { IfMatch }: ReadCondition): void {
  if (IfMatch === undefined || IfMatch === etag) return;
  throw s3Error("PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
}

const getObject = handler((context, input: s3.GetObjectRequest): Output<s3.GetObjectOutput> => {
  const named = placeOf(context, input);
  const version = versionOf(context, named, input.VersionId);
  requireMatch(version, input);
  const described = describe(context, named, version, input.ChecksumMode);
  const range = input.Range === undefined ? null : readRange(input.Range, version.content.length);
  if (!range) return { ...described, Body: version.content };
  // A checksum is of the whole object and says nothing about a part of it.
  const { ChecksumType: _, ...rest } = described;
  const part = Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith("Checksum")));
  const Body = version.content.subarray(range.from, range.to + 1);
  const ContentRange = `bytes ${range.from}-${range.to}/${version.content.length}`;
  return { ...part, ContentLength: Body.length, ContentRange, Body };
});

const headObject = handler((context, input: s3.HeadObjectRequest): s3.HeadObjectOutput => {
  const named = placeOf(context, input);
  const version = versionOf(context, named, input.VersionId);
  requireMatch(version, input);
  return describe(context, named, version, input.ChecksumMode);
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html */
const deleteObject = handler((context, input: s3.DeleteObjectRequest): s3.DeleteObjectOutput => {
  const named = placeOf(context, input);
  const { bucket, contents, key } = named;
  if (input.VersionId !== undefined) {
    const version = contents.versions.get(key)?.find(({ versionId }) => versionId === input.VersionId);
    if (version?.kind === "object") requireUnlocked(context, version, input.BypassGovernanceRetention);
    removeVersion(named, input.VersionId);
    return { VersionId: input.VersionId, ...(version?.kind === "marker" && { DeleteMarker: true }) };
  }
  if (bucket.versioning === null) {
    removeVersion(named, "null");
    return {};
  }
  const versionId = newVersionId(context, bucket);
  addVersion(named, { kind: "marker", key, versionId, lastModified: context.world.now() });
  return { DeleteMarker: true, VersionId: versionId };
});

export const objectHandlers = {
  PutObject: putObject,
  GetObject: getObject,
  HeadObject: headObject,
  DeleteObject: deleteObject,
};
