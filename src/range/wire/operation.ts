import type { ServiceName } from "./services.ts";

/**
 * An error that AWS would answer with. Handlers throw it, and each protocol writes it in its own form.
 *
 * `code` is what AWS sends, or the name of an error shape of the service's model.
 */
export class AwsError extends Error {
  readonly code: string;
  /** HTTP status; null for the one that the service's model gives, or 400. */
  readonly status: number | null;
  /** Address of the page where AWS describes this error. */
  readonly documentation: string | null;
  /** Further members of the error's shape, for example the reasons of a cancelled transaction. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    message: string,
    options: {
      readonly status?: number;
      readonly documentation?: string;
      readonly members?: Readonly<Record<string, unknown>>;
    } = {},
  ) {
    super(message);
    this.name = "AwsError";
    this.code = code;
    this.status = options.status ?? null;
    this.documentation = options.documentation ?? null;
    this.members = options.members ?? {};
  }
}

/** The error for an operation that the range does not have: status 501, naming the operation. */
export function notImplemented(service: string, operation: string): AwsError {
  return new AwsError("NotImplemented", `The range does not implement ${service}:${operation}.`, { status: 501 });
}

/** One decoded call of an AWS operation. */
export interface Call {
  readonly service: ServiceName;
  /** The operation's name in AWS's model, for example `DescribeInstances`. */
  readonly operation: string;
  /** The input as the SDK's types describe it: dates as `Date`, blobs as `Uint8Array`. */
  readonly input: Record<string, unknown>;
  /** Null when the request is not signed. */
  readonly accessKeyId: string | null;
  readonly region: string;
  readonly requestId: string;
  /** What the caller says it is, as it stands in the request; left out where nothing does. */
  readonly userAgent?: string;
  /** Where the caller sits; left out where nobody says it. */
  readonly sourceIp?: string;
}
