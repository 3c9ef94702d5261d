import { createHash } from "node:crypto";
import type * as s3 from "@aws-sdk/client-s3";
import { AwsError } from "../../wire/operation.ts";
import { ALGORITHMS } from "../../wire/s3/checksums.ts";
import { s3Error } from "../../wire/s3/errors.ts";
import { randomText } from "../../world/random.ts";
import type { ObjectVersion, StoredChecksum, Upload, UploadedPart } from "../../world/s3-model.ts";
import { handler, type Context } from "../handler.ts";
import { lockOnPut } from "./lock.ts";
import { placeOf, type Named } from "./named.ts";
import { algorithmOf, checksumMembers, checksumOf, descriptionOf, encryptionMembers, etagOf } from "./put-content.ts";
import { sentChecksum } from "./put-content.ts";
import { addVersion, newVersionId, requireCondition, shownVersionId } from "./versions.ts";

const S3 = "https://docs.aws.amazon.com/AmazonS3/latest/API/";

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const SMALLEST_PART_BYTES = 5 * 1024 * 1024;
const MOST_PARTS = 10_000;

/** Parts that a list shows at once. */
const LARGEST_PAGE = 1000;

const createMultipartUpload = handler(
  (context, input: s3.CreateMultipartUploadRequest): s3.CreateMultipartUploadOutput => {
    const { bucket, contents, key } = placeOf(context, input);
    const checksum = checksumWish(input);
    const lock = lockOnPut(context, bucket, input);
    const upload: Upload = {
      id: randomText(context.world.random, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-", 64),
      key,
      startedAt: context.world.now(),
      description: descriptionOf(bucket, input),
      checksum,
      ...lock,
      parts: new Map(),
    };
    contents.uploads.set(upload.id, upload);
    return {
      Bucket: bucket.id,
      Key: key,
      UploadId: upload.id,
      ...encryptionMembers(upload.description.encryption),
      ...(checksum && {
        ChecksumAlgorithm: checksum.algorithm as s3.ChecksumAlgorithm,
        ChecksumType: checksum.type,
      }),
    };
  },
);

/** SHA-256 of a whole object cannot be had of parts: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html */
function checksumWish({ ChecksumAlgorithm, ChecksumType }: s3.CreateMultipartUploadRequest): Upload["checksum"] {
  if (ChecksumAlgorithm === undefined) {
    if (ChecksumType === undefined) return null;
    throw s3Error(
      "InvalidRequest",
      "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
    );
  }
  const algorithm = algorithmOf(ChecksumAlgorithm);
  const possible: readonly string[] = ALGORITHMS[algorithm].multipart;
  const type = ChecksumType ?? (possible.includes("COMPOSITE") ? "COMPOSITE" : "FULL_OBJECT");
  if (!possible.includes(type)) {
    throw s3Error(
      "InvalidRequest",
      `The ${type} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    );
  }
  return { algorithm, type };
}

interface NamesUpload {
  readonly UploadId?: string | undefined;
}

function uploadOf({ contents, key }: Named, { UploadId = "" }: NamesUpload): Upload {
  const upload = contents.uploads.get(UploadId);
  if (upload?.key === key) return upload;
  throw new AwsError(
    "NoSuchUpload",
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
    { status: 404, documentation: `${S3}ErrorResponses.html#ErrorCodeList` },
  );
}

type UploadPartInput = Omit<s3.UploadPartRequest, "Body"> & { readonly Body?: Uint8Array };

const uploadPart = handler((context, input: UploadPartInput): s3.UploadPartOutput => {
  const upload = uploadOf(placeOf(context, input), input);
  const { PartNumber = 0, Body: content = new Uint8Array() } = input;
  if (!Number.isInteger(PartNumber) || PartNumber < 1 || PartNumber > MOST_PARTS) {
    throw s3Error("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive");
  }
  const sent = sentChecksum(input)?.algorithm;
  if (upload.checksum && sent !== undefined && sent !== upload.checksum.algorithm) {
    throw s3Error(
      "InvalidRequest",
      `Checksum Type mismatch occurred, expected checksum Type: ${upload.checksum.algorithm.toLowerCase()}, actual checksum Type: ${sent.toLowerCase()}`,
    );
  }
  if (upload.checksum?.type === "COMPOSITE" && sent === undefined) {
    throw s3Error(
      "InvalidRequest",
      `Checksum Type mismatch occurred, expected checksum Type: ${upload.checksum.algorithm.toLowerCase()}, actual checksum Type: null`,
    );
  }
  const { encryption } = upload.description;
  const part: UploadedPart = {
    content,
    etag: etagOf(content, encryption),
    checksum: checksumOf(content, input),
    lastModified: context.world.now(),
  };
  upload.parts.set(PartNumber, part);
  return {
    ETag: part.etag,
    ...(sent !== undefined && checksumMembers(part.checksum)),
    ...encryptionMembers(encryption),
  };
});

const listParts = handler((context, input: s3.ListPartsRequest): s3.ListPartsOutput => {
  const named = placeOf(context, input);
  const upload = uploadOf(named, input);
  const after = Number(input.PartNumberMarker ?? 0);
  const limit = Math.min(input.MaxParts ?? LARGEST_PAGE, LARGEST_PAGE);
  const remaining = [...upload.parts].sort(([one], [other]) => one - other).filter(([number]) => number > after);
  const shown = remaining.slice(0, limit);
  const isTruncated = remaining.length > shown.length;
  const last = shown.at(-1);
  return {
    Bucket: named.bucket.id,
    Key: upload.key,
    UploadId: upload.id,
    MaxParts: limit,
    IsTruncated: isTruncated,
    PartNumberMarker: String(after),
    ...(isTruncated && last && { NextPartNumberMarker: String(last[0]) }),
    StorageClass: "STANDARD",
    ...(upload.checksum && {
      ChecksumAlgorithm: upload.checksum.algorithm as s3.ChecksumAlgorithm,
      ChecksumType: upload.checksum.type,
    }),
    Parts: shown.map(([PartNumber, part]) => ({
      PartNumber,
      ETag: part.etag,
      Size: part.content.length,
      LastModified: new Date(part.lastModified),
      ...(upload.checksum && checksumMembers(part.checksum)),
    })),
  };
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html */
const completeMultipartUpload = handler(
  (context, input: s3.CompleteMultipartUploadRequest): s3.CompleteMultipartUploadOutput => {
    const named = placeOf(context, input);
    const done = named.contents.completed.get(input.UploadId ?? "");
    if (done?.key === named.key) return completedAnswer(named, done);
    const upload = uploadOf(named, input);
    const parts = chosenParts(upload, input.MultipartUpload?.Parts ?? []);
    const content = Buffer.concat(parts.map((part) => part.content));
    const checksum = wholeChecksum(upload, parts, content);
    requireDeclared(input, checksum, content.length);
    requireCondition(named, input);
    const version = addVersion(named, completedVersion(context, named, { upload, parts, content, checksum }));
    named.contents.uploads.delete(upload.id);
    named.contents.completed.set(upload.id, version);
    return completedAnswer(named, version);
  },
);

interface Whole {
  readonly upload: Upload;
  readonly parts: readonly UploadedPart[];
  readonly content: Buffer;
  readonly checksum: StoredChecksum;
}

function completedVersion(
  context: Context,
  { bucket }: Named,
  { upload, parts, content, checksum }: Whole,
): ObjectVersion {
  const digests = parts.map(({ etag }) => Buffer.from(etag.slice(1, -1), "hex"));
  const hash = createHash("md5").update(Buffer.concat(digests)).digest("hex");
  return {
    kind: "object",
    key: upload.key,
    versionId: newVersionId(context, bucket),
    lastModified: context.world.now(),
    content: new Uint8Array(content),
    etag: `"${hash}-${parts.length}"`,
    description: upload.description,
    checksum,
    partSizes: parts.map((part) => part.content.length),
    retention: upload.retention,
    legalHold: upload.legalHold,
  };
}

/** The parts that the caller names, in ascending order, as they were uploaded. */
function chosenParts(upload: Upload, named: readonly s3.CompletedPart[]): readonly UploadedPart[] {
  if (named.length === 0) {
    throw s3Error(
      "MalformedXML",
      "The XML you provided was not well-formed or did not validate against our published schema",
    );
  }
  const numbers = named.map(({ PartNumber = 0 }) => PartNumber);
  if (numbers.some((number, at) => at > 0 && number <= (numbers[at - 1] ?? 0))) {
    throw s3Error(
      "InvalidPartOrder",
      "The list of parts was not in ascending order. Parts must be ordered by part number.",
    );
  }
  const parts = named.map((each) => chosenPart(upload, each));
  const small = parts.slice(0, -1).find(({ content }) => content.length < SMALLEST_PART_BYTES);
  if (small) throw s3Error("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size");
  return parts;
}

function chosenPart(upload: Upload, named: s3.CompletedPart): UploadedPart {
  const part = upload.parts.get(named.PartNumber ?? 0);
  const sameTag = part?.etag.replaceAll('"', "") === named.ETag?.replaceAll('"', "");
  const sent = sentChecksum(named);
  const isDifferent =
    sent !== null && (part?.checksum.algorithm !== sent.algorithm || part.checksum.value !== sent.value);
  if (part && sameTag && !isDifferent) return part;
  throw s3Error(
    "InvalidPart",
    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
  );
}

function wholeChecksum(upload: Upload, parts: readonly UploadedPart[], content: Uint8Array): StoredChecksum {
  const { algorithm: name, type } = upload.checksum ?? { algorithm: "CRC64NVME", type: "FULL_OBJECT" as const };
  const algorithm = algorithmOf(name);
  const { digest } = ALGORITHMS[algorithm];
  if (type === "FULL_OBJECT") return { algorithm, value: digest(content), type };
  const digests = Buffer.concat(parts.map(({ checksum }) => Buffer.from(checksum.value, "base64")));
  return { algorithm, value: `${digest(digests)}-${parts.length}`, type };
}

/** What the caller says about the whole object must be so. */
function requireDeclared(input: s3.CompleteMultipartUploadRequest, stored: StoredChecksum, bytes: number): void {
  const sent = sentChecksum(input);
  const bare = (value: string): string => value.replace(/-\d+$/, "");
  if (sent && (sent.algorithm !== stored.algorithm || bare(sent.value) !== bare(stored.value))) {
    throw s3Error("BadDigest", `The ${sent.algorithm} you specified did not match the calculated checksum.`);
  }
  if (input.MpuObjectSize !== undefined && input.MpuObjectSize !== bytes) {
    throw s3Error("InvalidRequest", "The provided 'x-amz-mp-object-size' header does not match what was computed.");
  }
}

function completedAnswer({ bucket, key }: Named, version: ObjectVersion): s3.CompleteMultipartUploadOutput {
  return {
    Location: `https://${bucket.id}.s3.${bucket.regionName}.amazonaws.com/${key}`,
    Bucket: bucket.id,
    Key: key,
    ETag: version.etag,
    ...checksumMembers(version.checksum),
    ChecksumType: version.checksum.type,
    ...encryptionMembers(version.description.encryption),
    ...shownVersionId(bucket, version.versionId),
  };
}

const abortMultipartUpload = handler(
  (context, input: s3.AbortMultipartUploadRequest): s3.AbortMultipartUploadOutput => {
    const named = placeOf(context, input);
    named.contents.uploads.delete(uploadOf(named, input).id);
    return {};
  },
);

export const multipartHandlers = {
  CreateMultipartUpload: createMultipartUpload,
  UploadPart: uploadPart,
  ListParts: listParts,
  CompleteMultipartUpload: completeMultipartUpload,
  AbortMultipartUpload: abortMultipartUpload,
};
