import type {
  RequestThrottledExceptionReason,
  ResourceNotFoundExceptionReason,
  ValidationExceptionReason,
} from "@aws-sdk/client-ebs";
import { AwsError } from "../../wire/operation.ts";

/** https://docs.aws.amazon.com/ebs/latest/userguide/error-retries.html has the codes and their statuses. */
const ERRORS = "https://docs.aws.amazon.com/ebs/latest/userguide/error-retries.html";

/** A request that is wrong in itself. */
export function invalid(reason: ValidationExceptionReason, message: string): AwsError {
  return new AwsError("ValidationException", message, {
    status: 400,
    documentation: ERRORS,
    members: { Reason: reason },
  });
}

/** The snapshot, or what it needs, is not there. */
export function missing(reason: ResourceNotFoundExceptionReason, message: string): AwsError {
  return new AwsError("ResourceNotFoundException", message, {
    status: 404,
    documentation: ERRORS,
    members: { Reason: reason },
  });
}

/** Too many requests; those of the account are refused before a handler sees them. */
export function throttled(reason: RequestThrottledExceptionReason, message: string): AwsError {
  return new AwsError("RequestThrottledException", message, {
    status: 400,
    documentation: ERRORS,
    members: { Reason: reason },
  });
}
