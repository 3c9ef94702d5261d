import { AwsError } from "./operation.ts";
import type { WireRequest } from "./request.ts";
import { parseS3Host } from "./s3/address.ts";
import { isTargetOf, readTarget, services, type Service } from "./services.ts";

/** Who calls which service where, as the request says. */
export interface Caller {
  readonly accessKeyId: string | null;
  readonly region: string;
  /** The service's signing name, or its endpoint's prefix; null when the request does not tell. */
  readonly serviceHint: string | null;
}

/** Global services sign for this region, and so does an unsigned request to one. */
const DEFAULT_REGION = "us-east-1";

// https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
const credential = /(?:^|[ ,])Credential=([^/,\s]+)\/\d{8}\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request(?:$|[,\s])/;
const host = /^([a-z0-9-]+)(?:\.([a-z]{2,}(?:-[a-z]+)+-\d+))?\.amazonaws\.com(?:\.cn)?(?::\d+)?$/;

/**
 * Reads the credential scope of the signature, or else the host name.
 *
 * The signature itself is not checked: the range has no secrets, and an access key is a claim that its IAM judges.
 *
 * @throws AwsError when the header is there but says nothing that can be read.
 */
export function readCaller(request: WireRequest): Caller {
  const authorization = request.headers["authorization"];
  const presigned = request.query["X-Amz-Credential"];
  if (authorization !== undefined || presigned !== undefined) {
    const scope = credential.exec(authorization ?? `Credential=${presigned}`);
    if (!scope) {
      const message = "Authorization header requires 'Credential' parameter with a scope of date, region and service.";
      throw new AwsError("IncompleteSignature", message, {
        documentation: "https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html",
      });
    }
    const [, accessKeyId = null, region = DEFAULT_REGION, serviceHint = null] = scope;
    return { accessKeyId, region, serviceHint };
  }
  const s3Host = parseS3Host(request.headers["host"] ?? "");
  if (s3Host) return { accessKeyId: null, region: s3Host.region ?? DEFAULT_REGION, serviceHint: "s3" };
  const [, prefix = null, region = DEFAULT_REGION] = host.exec(request.headers["host"] ?? "") ?? [];
  return { accessKeyId: null, region, serviceHint: prefix };
}

/**
 * The service that a request is for, by the caller's hint, or else by the header `x-amz-target`, or by the form's
 * action and version. Services that share a signing name differ by the version.
 */
export function findService(
  request: WireRequest,
  caller: Caller,
  parameters: ReadonlyMap<string, string>,
): Service | null {
  const version = parameters.get("Version");
  const action = parameters.get("Action");
  if (caller.serviceHint !== null) {
    const hint = caller.serviceHint;
    const candidates = services.filter(
      ({ signingName, endpointPrefix }) => signingName === hint || endpointPrefix === hint,
    );
    return candidates.find(({ apiVersion }) => apiVersion === version) ?? candidates[0] ?? null;
  }
  const target = readTarget(request.headers["x-amz-target"] ?? "");
  if (target) return services.find((service) => isTargetOf(service, target.prefix)) ?? null;
  return services.find(({ apiVersion, operations }) => apiVersion === version && operations.has(action ?? "")) ?? null;
}
