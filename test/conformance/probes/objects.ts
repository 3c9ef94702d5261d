import { createHash } from "node:crypto";
import { codeOf, S3_API, required, type Asking, type Probe } from "../probe.ts";

const BUCKET = "conformance-evidence";
const S3_GUIDE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/";
const S3_ERRORS = `${S3_API}ErrorResponses.html`;
const MINIMUM_PART = 5 * 1024 * 1024;
const DAY_MS = 86_400_000;

const sha256 = (text: string): string => createHash("sha256").update(text).digest("base64");

function put({ s3 }: Asking, Key: string, Body = "evidence text") {
  return s3.putObject({ Bucket: BUCKET, Key, Body });
}

async function multipart({ s3 }: Asking, Key: string, sizes: readonly number[]) {
  const { UploadId } = await s3.createMultipartUpload({ Bucket: BUCKET, Key });
  const Parts = [];
  for (const [index, size] of sizes.entries()) {
    const PartNumber = index + 1;
    const { ETag } = await s3.uploadPart({
      Bucket: BUCKET,
      Key,
      UploadId,
      PartNumber,
      Body: Buffer.alloc(size, index),
    });
    Parts.push({ ETag, PartNumber });
  }
  return s3.completeMultipartUpload({ Bucket: BUCKET, Key, UploadId, MultipartUpload: { Parts } });
}

/** Where evidence lies: a bucket with Object Lock, and what is put there. The first probe makes it. */
export const objectProbes: readonly Probe[] = [
  {
    id: "a-bucket-with-object-lock",
    service: "s3",
    operation: "CreateBucket",
    documented: "Object Lock switches versioning on, and both are shown.",
    page: `${S3_API}API_CreateBucket.html`,
    expected: ["Enabled", "Enabled"],
    async ask({ s3 }) {
      await s3.createBucket({
        Bucket: BUCKET,
        ObjectLockEnabledForBucket: true,
        CreateBucketConfiguration: { LocationConstraint: "eu-central-1" },
      });
      const { Status } = await s3.getBucketVersioning({ Bucket: BUCKET });
      const { ObjectLockConfiguration } = await s3.getObjectLockConfiguration({ Bucket: BUCKET });
      return [Status ?? null, ObjectLockConfiguration?.ObjectLockEnabled ?? null];
    },
  },
  {
    id: "a-bucket-twice",
    service: "s3",
    operation: "CreateBucket",
    documented: "BucketAlreadyOwnedByYou: the bucket exists already, and you own it.",
    page: `${S3_API}API_CreateBucket.html`,
    expected: "BucketAlreadyOwnedByYou",
    ask: ({ s3 }) =>
      codeOf(s3.createBucket({ Bucket: BUCKET, CreateBucketConfiguration: { LocationConstraint: "eu-central-1" } })),
  },
  {
    id: "a-new-buckets-encryption",
    service: "s3",
    operation: "GetBucketEncryption",
    documented: "Every bucket encrypts with S3's own keys by default.",
    page: `${S3_GUIDE}default-encryption-faq.html`,
    expected: "AES256",
    async ask({ s3 }) {
      const { ServerSideEncryptionConfiguration } = await s3.getBucketEncryption({ Bucket: BUCKET });
      return ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm ?? null;
    },
  },
  {
    id: "a-new-bucket-is-not-public",
    service: "s3",
    operation: "GetPublicAccessBlock",
    documented: "Block Public Access is on for every new bucket.",
    page: `${S3_GUIDE}access-control-block-public-access.html`,
    expected: [true, true, true, true],
    async ask({ s3 }) {
      const { PublicAccessBlockConfiguration: block } = await s3.getPublicAccessBlock({ Bucket: BUCKET });
      return [
        block?.BlockPublicAcls,
        block?.IgnorePublicAcls,
        block?.BlockPublicPolicy,
        block?.RestrictPublicBuckets,
      ].map((each) => each ?? null);
    },
  },
  {
    id: "written-once",
    service: "s3",
    operation: "PutObject",
    documented: "With If-None-Match: * an object that is there already is not overwritten: 412 PreconditionFailed.",
    page: `${S3_GUIDE}conditional-writes.html`,
    expected: ["no error", "PreconditionFailed"],
    async ask({ s3 }) {
      const once = { Bucket: BUCKET, Key: "once", Body: "first", IfNoneMatch: "*" };
      return [await codeOf(s3.putObject(once)), await codeOf(s3.putObject({ ...once, Body: "second" }))];
    },
  },
  {
    id: "a-checksum-is-kept",
    service: "s3",
    operation: "HeadObject",
    documented: "The checksum that an object was put with is shown with ChecksumMode.",
    page: `${S3_GUIDE}checking-object-integrity.html`,
    expected: sha256("evidence text"),
    async ask(asking) {
      const { s3 } = asking;
      const object = { Bucket: BUCKET, Key: "checksum" };
      await s3.putObject({ ...object, Body: "evidence text", ChecksumSHA256: sha256("evidence text") });
      const { ChecksumSHA256 } = await s3.headObject({ ...object, ChecksumMode: "ENABLED" });
      return ChecksumSHA256 ?? null;
    },
  },
  {
    id: "a-checksum-is-answered",
    service: "s3",
    operation: "PutObject",
    documented:
      "x-amz-checksum-sha256: the SHA-256 digest of the object, present if the checksum was uploaded with it.",
    page: `${S3_API}API_PutObject.html`,
    expected: sha256("evidence text"),
    async ask({ s3 }) {
      const ChecksumSHA256 = sha256("evidence text");
      const answer = await s3.putObject({ Bucket: BUCKET, Key: "answered", Body: "evidence text", ChecksumSHA256 });
      return answer.ChecksumSHA256 ?? null;
    },
  },
  {
    id: "a-wrong-checksum",
    service: "s3",
    operation: "PutObject",
    documented: "BadDigest: the checksum that was given does not match what the server received.",
    page: S3_ERRORS,
    expected: "BadDigest",
    ask: ({ s3 }) =>
      codeOf(s3.putObject({ Bucket: BUCKET, Key: "wrong", Body: "one text", ChecksumSHA256: sha256("another text") })),
  },
  {
    id: "a-locked-version",
    service: "s3",
    operation: "DeleteObject",
    documented: "A version under retention in compliance mode cannot be deleted by anybody.",
    page: `${S3_GUIDE}object-lock.html`,
    expected: { mode: "COMPLIANCE", deleted: "AccessDenied" },
    async ask({ s3 }) {
      const object = { Bucket: BUCKET, Key: "locked" };
      const { VersionId } = await s3.putObject({
        ...object,
        Body: "evidence text",
        ObjectLockMode: "COMPLIANCE",
        ObjectLockRetainUntilDate: new Date(Date.now() + 30 * DAY_MS),
      });
      const { ObjectLockMode } = await s3.headObject(object);
      const version = { ...object, VersionId: required(VersionId) };
      return { mode: ObjectLockMode ?? null, deleted: await codeOf(s3.deleteObject(version)) };
    },
  },
  {
    id: "a-delete-marker",
    service: "s3",
    operation: "DeleteObject",
    documented: "Without a version's id a delete marker is added: the object seems gone, and its versions are there.",
    page: `${S3_GUIDE}DeleteMarker.html`,
    expected: { marker: true, read: "NoSuchKey", versions: 1, markers: 1 },
    async ask(asking) {
      const { s3 } = asking;
      const object = { Bucket: BUCKET, Key: "marked" };
      await put(asking, "marked");
      const { DeleteMarker } = await s3.deleteObject(object);
      const read = await codeOf(s3.getObject(object));
      const { Versions = [], DeleteMarkers = [] } = await s3.listObjectVersions({ Bucket: BUCKET, Prefix: "marked" });
      return { marker: DeleteMarker ?? null, read, versions: Versions.length, markers: DeleteMarkers.length };
    },
  },
  {
    id: "some-bytes",
    service: "s3",
    operation: "GetObject",
    documented: "A range of bytes is answered with 206 and the range that it is.",
    page: `${S3_API}API_GetObject.html`,
    expected: [206, "bytes 2-5/13", "iden"],
    async ask(asking) {
      await put(asking, "range");
      const answer = await asking.s3.getObject({ Bucket: BUCKET, Key: "range", Range: "bytes=2-5" });
      const text = (await answer.Body?.transformToString()) ?? "";
      return [answer.$metadata.httpStatusCode ?? null, answer.ContentRange ?? null, text];
    },
  },
  {
    id: "an-object-in-parts",
    service: "s3",
    operation: "CompleteMultipartUpload",
    documented: "The parts become one object; its ETag ends with the number of parts.",
    page: `${S3_API}API_CompleteMultipartUpload.html`,
    expected: ["-2", MINIMUM_PART + 3],
    async ask(asking) {
      const { ETag = "" } = await multipart(asking, "parts", [MINIMUM_PART, 3]);
      const { ContentLength } = await asking.s3.headObject({ Bucket: BUCKET, Key: "parts" });
      return [/-\d+(?="?$)/.exec(ETag)?.[0] ?? null, ContentLength ?? null];
    },
  },
  {
    id: "a-part-that-is-too-small",
    service: "s3",
    operation: "CompleteMultipartUpload",
    documented: "EntityTooSmall: every part but the last has at least 5 MB.",
    page: `${S3_API}API_CompleteMultipartUpload.html`,
    expected: "EntityTooSmall",
    ask: (asking) => codeOf(multipart(asking, "small", [3, 3])),
  },
  {
    id: "no-such-object",
    service: "s3",
    operation: "GetObject",
    documented: "NoSuchKey: the key does not exist. HeadObject, which has no body, answers 404 Not Found.",
    page: `${S3_API}API_HeadObject.html`,
    expected: ["NoSuchKey", "NotFound"],
    ask: async ({ s3 }) => [
      await codeOf(s3.getObject({ Bucket: BUCKET, Key: "nothing" })),
      await codeOf(s3.headObject({ Bucket: BUCKET, Key: "nothing" })),
    ],
  },
  {
    id: "no-such-bucket",
    service: "s3",
    operation: "PutObject",
    documented: "NoSuchBucket: the bucket does not exist.",
    page: S3_ERRORS,
    expected: "NoSuchBucket",
    ask: ({ s3 }) => codeOf(s3.putObject({ Bucket: "conformance-nobody", Key: "any", Body: "text" })),
  },
];
