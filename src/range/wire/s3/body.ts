import { createHash } from "node:crypto";
import { notImplemented } from "../operation.ts";
import type { WireRequest } from "../request.ts";
import type { Operation } from "../services.ts";
import { ALGORITHM_NAMES, ALGORITHMS, isDigestOf } from "./checksums.ts";
import { s3Error } from "./errors.ts";

const PREFIX = "x-amz-checksum-";
/** Headers that begin like a checksum and are none. */
const notChecksums: ReadonlySet<string> = new Set([`${PREFIX}algorithm`, `${PREFIX}mode`, `${PREFIX}type`]);

/**
 * Compares a body with everything that its headers say about it, as S3 does before it stores anything.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
export function verifyBody(request: WireRequest, operation: Operation): void {
  const { headers, body } = request;
  verifySigned(headers["x-amz-content-sha256"], body);
  verifyMd5(headers["content-md5"], body);
  // CompleteMultipartUpload names the checksum of the object, which is not its body.
  if (!describesObject(operation)) verifyChecksums(headers, body);
}

function verifySigned(signed: string | undefined, body: Uint8Array): void {
  if (signed === undefined || !/^[0-9a-fA-F]{64}$/.test(signed)) return;
  if (createHash("sha256").update(body).digest("hex") === signed.toLowerCase()) return;
  throw s3Error(
    "XAmzContentSHA256Mismatch",
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
  );
}

function verifyMd5(md5: string | undefined, body: Uint8Array): void {
  if (md5 === undefined) return;
  if (Buffer.from(md5, "base64").length !== 16) {
    throw s3Error("InvalidDigest", "The Content-MD5 you specified was invalid.");
  }
  if (createHash("md5").update(body).digest("base64") === md5) return;
  throw s3Error("BadDigest", "The Content-MD5 you specified did not match what we received.");
}

function verifyChecksums(headers: WireRequest["headers"], body: Uint8Array): void {
  const sent = Object.keys(headers).filter((name) => name.startsWith(PREFIX) && !notChecksums.has(name));
  const [first, second] = sent;
  if (second !== undefined) {
    throw s3Error(
      "InvalidRequest",
      "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    );
  }
  const announced = headers["x-amz-sdk-checksum-algorithm"]?.toUpperCase();
  if (first === undefined) {
    if (announced === undefined) return;
    throw s3Error(
      "InvalidRequest",
      "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
    );
  }
  const wanted = first.slice(PREFIX.length).toUpperCase();
  const name = ALGORITHM_NAMES.find((each) => each === wanted);
  if (name === undefined) throw notImplemented("s3", `checksum ${wanted}`);
  if (announced !== undefined && announced !== name) {
    throw s3Error("InvalidRequest", "Value for x-amz-sdk-checksum-algorithm header is invalid.");
  }
  const digest = headers[first] ?? "";
  if (!isDigestOf(name, digest)) throw s3Error("InvalidRequest", `Value for ${first} header is invalid.`);
  if (ALGORITHMS[name].digest(body) === digest) return;
  throw s3Error("BadDigest", `The ${name} you specified did not match the calculated checksum.`);
}

function describesObject({ input }: Operation): boolean {
  if (input.isUnitSchema()) return false;
  const members = [...input.structIterator()].map(([, member]) => member);
  const isObject = members.some((member) => member.getMergedTraits().httpPayload && member.isBlobSchema());
  return !isObject && members.some((member) => member.getMergedTraits().httpHeader === `${PREFIX}sha256`);
}
