import type { WireRequest } from "../request.ts";
import { s3Error } from "./errors.ts";

const LINE_END = Buffer.from("\r\n");
/** Length of a chunk's first line: its size in hexadecimal and a signature. */
const LONGEST_LINE = 1024;

/**
 * Unpacks a body that is sent in chunks, signed or not, and puts the trailers among the headers.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 *
 * Signatures of chunks are not checked: the range has no secrets.
 */
export function unpackChunks(request: WireRequest): WireRequest {
  const { headers } = request;
  if (headers["x-amz-content-sha256"]?.startsWith("STREAMING-") !== true) return request;
  const { content, trailers } = readChunks(Buffer.from(request.body));
  const expected = headers["x-amz-decoded-content-length"];
  if (expected === undefined || Number(expected) !== content.length) {
    throw s3Error(
      "IncompleteBody",
      "You did not provide the number of bytes specified by the Content-Length HTTP header",
    );
  }
  const { "content-encoding": encoding, ...others } = headers;
  const rest = (encoding ?? "").split(",").map((each) => each.trim());
  const remaining = rest.filter((each) => each !== "" && each !== "aws-chunked").join(",");
  return {
    ...request,
    headers: {
      ...others,
      ...announced(trailers, headers["x-amz-trailer"]),
      "content-length": String(content.length),
      ...(remaining === "" ? {} : { "content-encoding": remaining }),
    },
    body: new Uint8Array(content),
  };
}

/** Only trailers that the header announced count; one that is announced must come. */
function announced(trailers: ReadonlyMap<string, string>, header: string | undefined): Record<string, string> {
  const names = (header ?? "").split(",").map((name) => name.trim().toLowerCase());
  const expected = names.filter((name) => name !== "");
  const sent = [...trailers.keys()].filter((name) => name !== "x-amz-trailer-signature");
  if (sent.length !== expected.length || sent.some((name) => !expected.includes(name))) throw malformedTrailer();
  return Object.fromEntries(trailers);
}

function readChunks(body: Buffer): { readonly content: Buffer; readonly trailers: ReadonlyMap<string, string> } {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const end = body.indexOf(LINE_END, at);
    const line = end < 0 || end - at > LONGEST_LINE ? "" : body.toString("latin1", at, end);
    const [, size] = /^([0-9a-fA-F]{1,8})(?:;chunk-signature=[0-9a-f]{64})?$/.exec(line) ?? [];
    if (size === undefined) throw incomplete();
    const length = Number.parseInt(size, 16);
    at = end + 2;
    if (length === 0) return { content: Buffer.concat(chunks), trailers: readTrailers(body.subarray(at)) };
    chunks.push(body.subarray(at, at + length));
    at += length;
    if (!body.subarray(at, at + 2).equals(LINE_END)) throw incomplete();
    at += 2;
  }
}

function readTrailers(rest: Buffer): ReadonlyMap<string, string> {
  const lines = rest.toString("latin1").split(/\r?\n/);
  const trailers = new Map<string, string>();
  for (const line of lines.filter((each) => each.trim() !== "")) {
    const at = line.indexOf(":");
    if (at < 1) throw malformedTrailer();
    trailers.set(line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim());
  }
  return trailers;
}

function incomplete(): Error {
  return s3Error("IncompleteBody", "The request body terminated unexpectedly");
}

function malformedTrailer(): Error {
  return s3Error(
    "MalformedTrailerError",
    "The request contained trailing data that was not well-formed or did not conform to our published schema.",
  );
}
