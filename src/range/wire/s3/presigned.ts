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
  const moved = Object.entries(query)
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => name.startsWith("x-amz-") && !signature.has(name));
  return { ...request, headers: { ...Object.fromEntries(moved), ...request.headers } };
}

/** `20260115T120000Z` in milliseconds. */
function readDate(text: string): number | null {
  const parts = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  if (!parts) return null;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
