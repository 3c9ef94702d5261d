import type * as s3 from "@aws-sdk/client-s3";
import { sha256 } from "../../../core/json.ts";
import { s3Error } from "../../wire/s3/errors.ts";
import type { BucketContents, Version } from "../../world/s3-model.ts";
import { contentsOf, currentVersion, keysInOrder } from "../../world/s3.ts";
import { type Context, handler } from "../handler.ts";
import { bucketOf } from "./named.ts";

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html: at most a thousand a page. */
const LARGEST_PAGE = 1000;

/** Whether a key lies behind another one in the order of S3's listings. */
function isAfter(key: string, other: string): boolean {
  return Buffer.compare(Buffer.from(key), Buffer.from(other)) > 0;
}

type Entry<T> =
  { readonly kind: "item"; readonly key: string; readonly item: T } | { readonly kind: "prefix"; readonly key: string };

/** Rolls what lies behind the delimiter up into common prefixes. */
function rolledUp<T>(
  items: readonly (readonly [key: string, item: T])[],
  prefix: string,
  delimiter: string | undefined,
): readonly Entry<T>[] {
  const entries: Entry<T>[] = [];
  for (const [key, item] of items) {
    const at = delimiter === undefined || delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    if (at < 0) {
      entries.push({ kind: "item", key, item });
      continue;
    }
    const common = key.slice(0, at + (delimiter ?? "").length);
    if (entries.at(-1)?.key !== common) entries.push({ kind: "prefix", key: common });
  }
  return entries;
}

function encoded(text: string, type: string | undefined): string {
  return type === "url" ? encodeURIComponent(text).replaceAll("%2F", "/") : text;
}

function pageLimit(wanted: number | undefined): number {
  if (wanted !== undefined && wanted < 0) {
    throw s3Error("InvalidArgument", "Argument maxKeys must be an integer between 0 and 2147483647");
  }
  return Math.min(wanted ?? LARGEST_PAGE, LARGEST_PAGE);
}

/** A page of the objects that lie on top, behind a key. */
function pageOfObjects(
  context: Context,
  input: Pick<s3.ListObjectsRequest, "Bucket" | "Prefix" | "Delimiter" | "MaxKeys" | "EncodingType">,
  after: string,
): {
  readonly last: string | null;
  readonly page: Pick<
    s3.ListObjectsOutput,
    "Name" | "Prefix" | "Delimiter" | "MaxKeys" | "IsTruncated" | "EncodingType" | "CommonPrefixes"
  >;
  readonly objects: readonly (s3._Object & { readonly Key: string })[];
  readonly count: number;
} {
  const bucket = bucketOf(context, input);
  const contents = contentsOf(context.world, bucket);
  const { Prefix = "", Delimiter, EncodingType } = input;
  const limit = Math.min(pageLimit(input.MaxKeys), context.pageSize);
  const items = keysInOrder(contents).flatMap((key) => {
    const item = key.startsWith(Prefix) ? currentVersion(contents, key) : null;
    return item ? [[key, item] as const] : [];
  });
  const remaining = rolledUp(items, Prefix, Delimiter).filter(({ key }) => isAfter(key, after));
  const shown = remaining.slice(0, limit);
  const last = shown.at(-1);
  const isTruncated = last !== undefined && remaining.length > shown.length;
  const show = (text: string): string => encoded(text, EncodingType);
  return {
    last: isTruncated ? last.key : null,
    count: shown.length,
    page: {
      Name: bucket.id,
      Prefix: show(Prefix),
      ...(Delimiter !== undefined && { Delimiter: show(Delimiter) }),
      MaxKeys: pageLimit(input.MaxKeys),
      IsTruncated: isTruncated,
      ...(EncodingType !== undefined && { EncodingType }),
      CommonPrefixes: shown.flatMap((entry) => (entry.kind === "prefix" ? [{ Prefix: show(entry.key) }] : [])),
    },
    objects: shown.flatMap((entry) => {
      if (entry.kind === "prefix") return [];
      const { lastModified, etag, content, checksum } = entry.item;
      return [
        {
          Key: show(entry.key),
          LastModified: new Date(lastModified),
          ETag: etag,
          Size: content.length,
          StorageClass: "STANDARD" as const,
          ChecksumAlgorithm: [checksum.algorithm as s3.ChecksumAlgorithm],
          ChecksumType: checksum.type,
        },
      ];
    }),
  };
}

const listObjectsV2 = handler((context, input: s3.ListObjectsV2Request): s3.ListObjectsV2Output => {
  const after = input.ContinuationToken === undefined ? (input.StartAfter ?? "") : readToken(input.ContinuationToken);
  const { page, last, count, objects } = pageOfObjects(context, input, after);
  return {
    ...page,
    KeyCount: count,
    ...(input.ContinuationToken !== undefined && { ContinuationToken: input.ContinuationToken }),
    ...(input.StartAfter !== undefined && { StartAfter: encoded(input.StartAfter, input.EncodingType) }),
    ...(last !== null && { NextContinuationToken: writeToken(last) }),
    Contents: [...objects],
  };
});

/**
 * The first version of the call, which older clients still make. It names the owner of each object, and where to go on only
 * if it rolled keys up: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html
 */
const listObjects = handler((context, input: s3.ListObjectsRequest): s3.ListObjectsOutput => {
  const { page, last, objects } = pageOfObjects(context, input, input.Marker ?? "");
  const Owner = { ID: sha256(bucketOf(context, input).accountId) };
  return {
    ...page,
    Marker: encoded(input.Marker ?? "", input.EncodingType),
    ...(last !== null && input.Delimiter !== undefined && { NextMarker: encoded(last, input.EncodingType) }),
    Contents: objects.map((object) => ({ ...object, Owner })),
  };
});

function writeToken(key: string): string {
  return Buffer.from(JSON.stringify(["ListObjectsV2", key])).toString("base64url");
}

function readToken(token: string): string {
  try {
    const [issuedFor, key] = JSON.parse(Buffer.from(token, "base64url").toString()) as readonly unknown[];
    if (issuedFor === "ListObjectsV2" && typeof key === "string") return key;
  } catch {
    // Whatever is wrong with it, it is not one of ours.
  }
  throw s3Error("InvalidArgument", "The continuation token provided is incorrect");
}

interface Shown {
  readonly version: Version;
  readonly isLatest: boolean;
}

function allVersions(contents: BucketContents, prefix: string): readonly (readonly [string, Shown])[] {
  return keysInOrder(contents)
    .filter((key) => key.startsWith(prefix))
    .flatMap((key) =>
      (contents.versions.get(key) ?? []).map((version, at) => [key, { version, isLatest: at === 0 }] as const),
    );
}

/** Behind both markers: further keys, or further versions of the marked key. */
function behindMarkers(entries: readonly Entry<Shown>[], input: s3.ListObjectVersionsRequest): readonly Entry<Shown>[] {
  const { KeyMarker, VersionIdMarker } = input;
  if (KeyMarker === undefined) return entries;
  if (VersionIdMarker === undefined) return entries.filter(({ key }) => isAfter(key, KeyMarker));
  const at = entries.findIndex(
    (entry) => entry.kind === "item" && entry.key === KeyMarker && entry.item.version.versionId === VersionIdMarker,
  );
  if (at < 0) throw s3Error("InvalidArgument", "Invalid version id specified");
  return entries.slice(at + 1);
}

const listObjectVersions = handler((context, input: s3.ListObjectVersionsRequest): s3.ListObjectVersionsOutput => {
  const bucket = bucketOf(context, input);
  const { Prefix = "", Delimiter, EncodingType } = input;
  const limit = Math.min(pageLimit(input.MaxKeys), context.pageSize);
  const entries = rolledUp(allVersions(contentsOf(context.world, bucket), Prefix), Prefix, Delimiter);
  const remaining = behindMarkers(entries, input);
  const shown = remaining.slice(0, limit);
  const last = shown.at(-1);
  const isTruncated = last !== undefined && remaining.length > shown.length;
  const show = (text: string): string => encoded(text, EncodingType);
  const items = shown.flatMap((entry) => (entry.kind === "item" ? [entry.item] : []));
  const common = ({ version, isLatest }: Shown): s3.DeleteMarkerEntry => ({
    Key: show(version.key),
    VersionId: version.versionId,
    IsLatest: isLatest,
    LastModified: new Date(version.lastModified),
  });
  return {
    Name: bucket.id,
    Prefix: show(Prefix),
    MaxKeys: pageLimit(input.MaxKeys),
    IsTruncated: isTruncated,
    ...(EncodingType !== undefined && { EncodingType }),
    ...(Delimiter !== undefined && { Delimiter: show(Delimiter) }),
    ...(input.KeyMarker !== undefined && { KeyMarker: show(input.KeyMarker) }),
    ...(input.VersionIdMarker !== undefined && { VersionIdMarker: input.VersionIdMarker }),
    ...(isTruncated && { NextKeyMarker: show(last.key) }),
    ...(isTruncated && last.kind === "item" && { NextVersionIdMarker: last.item.version.versionId }),
    Versions: items.flatMap((item) => {
      const { version } = item;
      if (version.kind === "marker") return [];
      return [{ ...common(item), ETag: version.etag, Size: version.content.length, StorageClass: "STANDARD" as const }];
    }),
    DeleteMarkers: items.filter(({ version }) => version.kind === "marker").map(common),
    CommonPrefixes: shown.flatMap((entry) => (entry.kind === "prefix" ? [{ Prefix: show(entry.key) }] : [])),
  };
});

export const listHandlers = {
  ListObjects: listObjects,
  ListObjectsV2: listObjectsV2,
  ListObjectVersions: listObjectVersions,
};
