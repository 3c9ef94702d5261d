import type { WireRequest } from "../request.ts";

/** What the host name of a request to S3 says. */
export interface S3Host {
  /** In the style of virtual hosts; null in path style. */
  readonly bucket: string | null;
  readonly region: string | null;
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html and, for the older forms with a hyphen,
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html#VirtualHostingBackwardsCompatibility
const amazon = /^(?:(.+)\.)?s3(?:\.dualstack)?(?:[.-]([a-z]{2,}(?:-[a-z]+)+-\d+))?\.amazonaws\.com(?:\.cn)?(?::\d+)?$/;
const local = /^(?:(.+)\.)localhost(?::\d+)?$/;

/** Reads a host name; null when it is not one of S3. */
export function parseS3Host(host: string): S3Host | null {
  const [whole, bucket, region] = amazon.exec(host) ?? [];
  return whole === undefined ? null : { bucket: bucket ?? null, region: region ?? null };
}

/** Rewrites a request to path style, in which the range's routes of S3 are: `/bucket` or `/bucket/key`. */
export function toPathStyle(request: WireRequest): WireRequest {
  const host = request.headers["host"] ?? "";
  const bucket = parseS3Host(host)?.bucket ?? local.exec(host)?.[1] ?? null;
  const path = bucket === null ? request.path : `/${bucket}${request.path}`;
  // `/bucket/` is the bucket, and not a key without a name.
  return { ...request, path: path.replace(/^(\/[^/]+)\/$/, "$1") };
}
