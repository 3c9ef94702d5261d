import { CordonError } from "../core/errors.ts";

/** What became of one call, as far as anybody can know. */
export interface CallFailure {
  readonly service: string;
  readonly operation: string;
  /** What the call was about: an id out of its input. */
  readonly resource: string;
  readonly caller: string;
  /** AWS's error code; `ConnectionLost` or `NoAnswer` where AWS said nothing, `AnswerUnreadable` where it said something else. */
  readonly awsCode: string;
  readonly httpStatus: number | null;
  readonly requestId: string | null;
  readonly message: string;
}

/**
 * A call that AWS refused, or that got no answer.
 *
 * `isTransient` says that the same call may well succeed a little later, and that a writing call may have had its effect:
 * look before acting again.
 */
export class AwsCallError extends CordonError<"aws_failed" | "access_denied"> {
  readonly service: string;
  readonly operation: string;
  readonly awsCode: string;
  readonly httpStatus: number | null;
  readonly requestId: string | null;
  readonly isTransient: boolean;
  /** Whether the call may have had its effect though AWS did not say so. */
  readonly hasUnknownEffect: boolean;

  constructor(failure: CallFailure, options?: { readonly cause?: unknown }) {
    const { service, operation, resource, caller, awsCode, message } = failure;
    const particulars = { operation: `${service}:${operation}`, resource, caller, code: awsCode, message };
    super(deniedCodes.has(awsCode) ? "access_denied" : "aws_failed", particulars, options);
    this.service = service;
    this.operation = operation;
    this.awsCode = awsCode;
    this.httpStatus = failure.httpStatus;
    this.requestId = failure.requestId;
    this.hasUnknownEffect = isServerFault(failure);
    this.isTransient = isThrottled(awsCode) || isServerFault(failure) || contendedCodes.has(awsCode);
  }
}

/** AWS took no notice of the call: it had no effect and may be sent again whatever it was. */
export function isThrottled(awsCode: string): boolean {
  return throttledCodes.has(awsCode);
}

/** AWS broke, or never answered: whether the call had its effect is unknown. */
export function isServerFault({ awsCode, httpStatus }: Pick<CallFailure, "awsCode" | "httpStatus">): boolean {
  if (httpStatus === 501) return false; // What answers so does not know the operation, and will not learn it.
  return lostCodes.has(awsCode) || (httpStatus !== null && httpStatus >= 500);
}

/** Whether an error says that AWS refused or lost a call with one of these codes. */
export function hasAwsCode(error: unknown, ...codes: readonly string[]): error is AwsCallError {
  return error instanceof AwsCallError && codes.includes(error.awsCode);
}

/**
 * Codes of calls that were not carried out for their number.
 * IAM's `LimitExceeded` is not one of them: it is a quota, and waiting does not help.
 * https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
 */
const throttledCodes: ReadonlySet<string> = new Set([
  "EC2ThrottledException",
  "RequestLimitExceeded",
  "RequestThrottled",
  "RequestThrottledException",
  "SlowDown",
  "Throttling",
  "ThrottlingException",
  "TooManyRequestsException",
]);

/** https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html https://docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html */
const deniedCodes: ReadonlySet<string> = new Set([
  "AccessDenied",
  "AccessDeniedException",
  "AuthFailure",
  "UnauthorizedAccess",
  "UnauthorizedOperation",
]);

/** Somebody else writes the same thing at this moment: https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html */
const contendedCodes: ReadonlySet<string> = new Set([
  "ConcurrentModification",
  "ConcurrentModificationException",
  "EntityTemporarilyUnmodifiable",
]);

/** Ours, for calls that AWS did not answer, or not in a way that can be read. */
const lostCodes: ReadonlySet<string> = new Set(["AnswerUnreadable", "ConnectionLost", "NoAnswer"]);
