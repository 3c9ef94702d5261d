import type { WireRequest } from "../request.ts";
import { s3Error } from "./errors.ts";

const SEVEN_DAYS_S = 604_800;

/** What makes up the signature of an address; everything else that begins like it is a header that was moved there. */
const signature: ReadonlySet<string> = new Set([
  "x-amz-algorithm",
  "x-amz-credential",
  "x-amz-date",
  "x-amz-expires",
  "x-amz-signedheaders",
  "x-amz-signature",
  "x-amz-security-token",
]);

/**
 * Takes a request whose address is signed: within its time, and with the headers that were moved into the query.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
export function unpackPresigned(request: WireRequest, now: number | null): WireRequest {
  const { query } = request;
  if (query["X-Amz-Credential"] === undefined) return request;
  const seconds = Number(query["X-Amz-Expires"]);
  const signedAt = readDate(query["X-Amz-Date"] ?? "");
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > SEVEN_DAYS_S || signedAt === null) {
    throw s3Error(
      "AuthorizationQueryParametersError",
      "X-Amz-Expires must be a number of seconds less than a week, and X-Amz-Date must be in the ISO8601 Long Format",
    );
  }
  if (now !== null && now > signedAt + seconds * 1000) throw s3Error("AccessDenied", "Request has expired");
  requireSigned(request);
  const moved = Object.entries(query)
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => name.startsWith("x-amz-") && !signature.has(name));
  return { ...request, headers: { ...Object.fromEntries(moved), ...request.headers } };
}

/**
 * A header of AWS's own that comes with the request must have been signed, and what was signed must come.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
function requireSigned({ query, headers }: WireRequest): void {
  const signed = new Set((query["X-Amz-SignedHeaders"] ?? "").toLowerCase().split(";"));
  if (Object.keys(headers).some((name) => name.startsWith("x-amz-") && !signed.has(name)))
    throw s3Error("AccessDenied", "There were headers present in the request which were not signed");
  if ([...signed].some((name) => name !== "host" && name !== "" && headers[name] === undefined))
    throw s3Error(
      "SignatureDoesNotMatch",
      "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    );
}

/** `20260115T120000Z` in milliseconds. */
function readDate(text: string): number | null {
  const parts = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  if (!parts) return null;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
