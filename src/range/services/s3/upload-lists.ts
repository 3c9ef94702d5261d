import type * as s3 from "@aws-sdk/client-s3";
import { notImplemented } from "../../wire/operation.ts";
import { contentsOf } from "../../world/s3.ts";
import { handler } from "../handler.ts";
import { bucketOf } from "./named.ts";

/** Uploads that a list shows at once. */
const LARGEST_PAGE = 1000;

/**
 * Uploads that are neither complete nor aborted, by key and then by when they began.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html
 */
const listMultipartUploads = handler(
  (context, input: s3.ListMultipartUploadsRequest): s3.ListMultipartUploadsOutput => {
    const bucket = bucketOf(context, input);
    const { Prefix = "", Delimiter, KeyMarker = "", UploadIdMarker = "" } = input;
    if (Delimiter !== undefined) throw notImplemented("s3", "ListMultipartUploads with a delimiter");
    const limit = Math.min(input.MaxUploads ?? LARGEST_PAGE, LARGEST_PAGE, context.pageSize);
    const all = [...contentsOf(context.world, bucket).uploads.values()]
      .filter(({ key }) => key.startsWith(Prefix))
      .sort(
        (one, other) => Buffer.compare(Buffer.from(one.key), Buffer.from(other.key)) || one.startedAt - other.startedAt,
      );
    const at = all.findIndex(({ key, id }) => key === KeyMarker && id === UploadIdMarker);
    const remaining =
      at >= 0
        ? all.slice(at + 1)
        : all.filter(({ key }) => Buffer.compare(Buffer.from(key), Buffer.from(KeyMarker)) > 0);
    const shown = remaining.slice(0, limit);
    const last = shown.at(-1);
    const isTruncated = last !== undefined && remaining.length > shown.length;
    return {
      Bucket: bucket.id,
      KeyMarker,
      UploadIdMarker,
      Prefix,
      MaxUploads: input.MaxUploads ?? LARGEST_PAGE,
      IsTruncated: isTruncated,
      ...(isTruncated && { NextKeyMarker: last.key, NextUploadIdMarker: last.id }),
      Uploads: shown.map(({ id, key, startedAt, checksum }) => ({
        UploadId: id,
        Key: key,
        Initiated: new Date(startedAt),
        StorageClass: "STANDARD",
        ...(checksum && { ChecksumAlgorithm: checksum.algorithm as s3.ChecksumAlgorithm, ChecksumType: checksum.type }),
      })),
    };
  },
);

export const uploadListHandlers = { ListMultipartUploads: listMultipartUploads };
