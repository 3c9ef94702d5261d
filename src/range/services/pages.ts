import { AwsError } from "../wire/operation.ts";

export interface PageRequest {
  readonly operation: string;
  readonly limit: number | undefined;
  readonly token: string | undefined;
  readonly pageSize: number;
  /** The service never comes to an end: it gives the same page, and a token for the next, for ever. */
  readonly isEndless?: boolean;
  /** The smallest and largest limit the operation takes. */
  readonly range?: readonly [minimum: number, maximum: number];
  /** The error that the service gives for a token it did not issue. */
  readonly invalidToken?: string;
}

/** One page, and the opaque token of the next. */
export function page<T>(
  items: readonly T[],
  request: PageRequest,
): { readonly items: T[]; readonly token: string | undefined } {
  const [minimum, maximum] = request.range ?? [1, 1000];
  if (request.limit !== undefined && (request.limit < minimum || request.limit > maximum)) {
    throw new AwsError(
      "InvalidParameterValue",
      `Value ( ${request.limit} ) for parameter maxResults is invalid. Expecting a value between ${minimum} and ${maximum}.`,
      {
        documentation: "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html",
      },
    );
  }
  const start = request.token === undefined ? 0 : readToken(request, request.token);
  if (request.isEndless === true) return { items: items.slice(0, 1), token: tokenFor(request.operation, 0) };
  const end = start + (request.limit ?? request.pageSize);
  return { items: items.slice(start, end), token: end < items.length ? tokenFor(request.operation, end) : undefined };
}

/** The opaque token of the page that begins at an item. */
export function tokenFor(operation: string, offset: number): string {
  return Buffer.from(JSON.stringify([operation, offset])).toString("base64url");
}

function readToken({ operation, invalidToken }: PageRequest, token: string): number {
  try {
    const [issuedFor, offset] = JSON.parse(Buffer.from(token, "base64url").toString()) as [unknown, unknown];
    if (issuedFor === operation && Number.isSafeInteger(offset)) return offset as number;
  } catch {
    // Whatever is wrong with it, it is not one of ours.
  }
  throw new AwsError(invalidToken ?? "InvalidNextToken", "The specified NextToken is not valid.", {
    documentation: "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html",
  });
}
