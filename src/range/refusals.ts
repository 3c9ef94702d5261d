import { AwsError } from "./wire/operation.ts";

const COMMON = "https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html";
const EC2 = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html";

const EBS = "https://docs.aws.amazon.com/ebs/latest/userguide/error-retries.html";

const S3 = "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList";

/** The same refusal under the name that each service gives it. */
interface Names {
  readonly ec2: readonly [code: string, status: number];
  readonly query: readonly [code: string, status: number];
  readonly json: readonly [code: string, status: number];
  readonly s3: readonly [code: string, status: number];
  readonly ebs: readonly [code: string, status: number];
}

const REFUSALS = {
  unsigned: {
    ec2: ["AuthFailure", 401],
    query: ["MissingAuthenticationToken", 403],
    json: ["MissingAuthenticationTokenException", 400],
    s3: ["AccessDenied", 403],
    ebs: ["MissingAuthenticationTokenException", 403],
  },
  unknownKey: {
    ec2: ["AuthFailure", 401],
    query: ["InvalidClientTokenId", 403],
    json: ["UnrecognizedClientException", 400],
    s3: ["InvalidAccessKeyId", 403],
    ebs: ["UnrecognizedClientException", 403],
  },
  expired: {
    ec2: ["RequestExpired", 400],
    query: ["ExpiredToken", 403],
    json: ["ExpiredTokenException", 400],
    s3: ["ExpiredToken", 400],
    ebs: ["ExpiredTokenException", 403],
  },
  denied: {
    ec2: ["UnauthorizedOperation", 403],
    query: ["AccessDenied", 403],
    json: ["AccessDeniedException", 400],
    s3: ["AccessDenied", 403],
    ebs: ["AccessDeniedException", 403],
  },
  throttled: {
    ec2: ["RequestLimitExceeded", 503],
    query: ["Throttling", 400],
    json: ["ThrottlingException", 400],
    s3: ["SlowDown", 503],
    ebs: ["ThrottlingException", 400],
  },
  broken: {
    ec2: ["InternalError", 500],
    query: ["ServiceFailure", 500],
    json: ["InternalServerError", 500],
    s3: ["InternalError", 500],
    ebs: ["InternalServerException", 500],
  },
} as const satisfies Record<string, Names>;

const MESSAGES = {
  unsigned: "Request is missing Authentication Token",
  unknownKey: "The security token included in the request is invalid.",
  expired: "The security token included in the request is expired",
  throttled: "Rate exceeded",
  broken: "An internal error has occurred",
} as const;

const EC2_MESSAGES = {
  unsigned: "AWS was not able to validate the provided access credentials",
  unknownKey: "AWS was not able to validate the provided access credentials",
  expired: "Request has expired.",
  throttled: "Request limit exceeded.",
  broken: "An internal error has occurred",
} as const;

const S3_MESSAGES = {
  unsigned: "Access Denied",
  unknownKey: "The AWS Access Key Id you provided does not exist in our records.",
  expired: "The provided token has expired.",
  throttled: "Please reduce your request rate.",
  broken: "We encountered an internal error. Please try again.",
} as const;

/** A refusal that any operation can meet, in the words of the service. */
export function refusal(service: string, kind: keyof typeof MESSAGES): AwsError {
  const messages = service === "ec2" ? EC2_MESSAGES : service === "s3" ? S3_MESSAGES : MESSAGES;
  return withMessage(service, kind, messages[kind]);
}

/** Not permitted; EC2 puts a sentence of its own before IAM's. */
export function deniedBy(service: string, message: string): AwsError {
  return withMessage(
    service,
    "denied",
    service === "ec2" ? `You are not authorized to perform this operation. ${message}` : message,
  );
}

const JSON_SERVICES: ReadonlySet<string> = new Set(["cloudtrail", "events", "logs", "ssm", "states"]);

function withMessage(service: string, kind: keyof typeof REFUSALS, message: string): AwsError {
  const names = REFUSALS[kind];
  const own = service === "ec2" || service === "s3" || service === "ebs" ? names[service] : null;
  const speaksJson = JSON_SERVICES.has(service);
  const [code, status] = own ?? (speaksJson ? names.json : names.query);
  const documentation = ({ ec2: EC2, s3: S3, ebs: EBS } as Readonly<Record<string, string>>)[service] ?? COMMON;
  return new AwsError(code, message, { status, documentation });
}
