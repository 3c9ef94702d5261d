import { InputFault } from "./input-fault.ts";
import { AwsError, notImplemented, type Call } from "./operation.ts";
import { awsJson } from "./protocols/aws-json.ts";
import { awsQuery } from "./protocols/aws-query.ts";
import { ec2Query } from "./protocols/ec2-query.ts";
import { wireError, type Protocol } from "./protocols/protocol.ts";
import { restJson } from "./protocols/rest-json.ts";
import { restXml } from "./protocols/rest-xml.ts";
import { formParameters } from "./query-form.ts";
import type { Handle, WireRequest, WireResponse } from "./request.ts";
import { findService, readCaller } from "./routing.ts";
import type { Operation, ProtocolName, Service } from "./services.ts";

/** Bodies above this are refused. No request of the services at hand comes near. */
export const MAXIMUM_BODY_BYTES = 10 * 1024 * 1024;

/** The largest object or part that the range's S3 takes in one request; AWS's takes 5 GiB. */
export const MAXIMUM_OBJECT_BYTES = 64 * 1024 * 1024;

/** Answers an operation: its output as the SDK's types describe it, or an `AwsError`. */
export type Perform = (call: Call) => Promise<Record<string, unknown>>;

const protocols: Readonly<Record<ProtocolName, Protocol>> = {
  ec2Query,
  awsQuery,
  awsJson1_0: awsJson("1.0"),
  awsJson1_1: awsJson("1.1"),
  restJson1: restJson,
  restXml,
};

export interface WireOptions {
  readonly requestId: () => string;
  readonly perform: Perform;
  /** By which signed addresses expire; they never do without it. */
  readonly now?: () => number;
}

/**
 * AWS's side of the wire: takes a request of any of its services, decodes and checks it by the service's own model,
 * has it performed, and writes the answer, or the error, in the service's own protocol.
 *
 * `handle` rejects only when the connection is to break without an answer (an error with the code ECONNRESET). What cannot be answered properly is an error of AWS's form, 4xx for the caller's mistakes,
 * 501 for an operation that is not there, 500 for a mistake of the handler.
 */
export function createWire(options: WireOptions): { readonly handle: Handle } {
  return {
    async handle(request) {
      const requestId = options.requestId();
      const exchange: Exchange = { request, requestId, service: null, protocol: fallbackProtocol(request) };
      try {
        return withoutBody(request, await answer(exchange, options));
      } catch (error) {
        if (isLost(error)) throw error;
        return withoutBody(request, refuse(exchange, error));
      }
    },
  };
}

/** A fault of the range that takes the connection away after the call: the transport must break, not answer. */
function isLost(error: unknown): boolean {
  return error instanceof Error && (error as { readonly code?: unknown }).code === "ECONNRESET";
}

/** An answer to HEAD has the headers of the answer to GET, and no body: https://www.rfc-editor.org/rfc/rfc9110#name-head */
function withoutBody({ method }: WireRequest, response: WireResponse): WireResponse {
  return method === "HEAD" ? { ...response, body: new Uint8Array() } : response;
}

/** What is known about a request so far; filled in as it is read, so that an error takes the right form. */
interface Exchange {
  request: WireRequest;
  readonly requestId: string;
  service: Service | null;
  protocol: Protocol;
}

/** The form of errors when the service is not known. */
function fallbackProtocol(request: WireRequest): Protocol {
  return (request.headers["content-type"] ?? "").includes("json") ? awsJson("1.1") : awsQuery;
}

async function answer(exchange: Exchange, { perform, now }: WireOptions): Promise<WireResponse> {
  const { request, requestId } = exchange;
  const caller = readCaller(request);
  const limit = caller.serviceHint === "s3" ? MAXIMUM_OBJECT_BYTES : MAXIMUM_BODY_BYTES;
  if (request.body.length > limit) {
    throw new AwsError("RequestEntityTooLarge", `The body is larger than ${limit} bytes.`, { status: 413 });
  }
  const service = resolveService(exchange, caller);
  exchange.request = exchange.protocol.receive?.(service, request, now?.() ?? null) ?? request;
  const operation = resolveOperation(exchange, service);
  const input = exchange.protocol.decode(service, operation, exchange.request);
  const output = await perform({
    service: service.name,
    operation: operation.name,
    input,
    accessKeyId: caller.accessKeyId,
    region: caller.region,
    requestId,
    ...userAgentOf(request),
  });
  return exchange.protocol.encode(service, operation, output, requestId);
}

/** CloudTrail keeps it as it was sent: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html */
function userAgentOf({ headers }: WireRequest): { readonly userAgent?: string } {
  const userAgent = headers["x-amz-user-agent"] ?? headers["user-agent"];
  return userAgent === undefined ? {} : { userAgent };
}

function resolveService(exchange: Exchange, caller: ReturnType<typeof readCaller>): Service {
  const { request } = exchange;
  const isObject = caller.serviceHint === "s3"; // Millions of bytes that are no form.
  const isForm = exchange.protocol === awsQuery && request.headers["x-amz-target"] === undefined && !isObject;
  const service = findService(request, caller, isForm ? formOrNothing(request) : new Map());
  if (!service) {
    if (caller.serviceHint !== null) throw notImplemented(caller.serviceHint, "*");
    throw new AwsError("MissingAuthenticationToken", "The request does not say which service it is for.", {
      status: 403,
      documentation: "https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html",
    });
  }
  exchange.service = service;
  exchange.protocol = protocols[service.protocol];
  return service;
}

/** The body may be no form at all, which is no fault as long as the service is not known. */
function formOrNothing(request: WireRequest): ReadonlyMap<string, string> {
  try {
    return formParameters(request);
  } catch {
    return new Map();
  }
}

function resolveOperation({ request, protocol }: Exchange, service: Service): Operation {
  const name = protocol.operationOf(service, request);
  if (name === null) {
    throw new AwsError("MissingAction", `The request does not name an operation of ${service.name}.`, {
      documentation: "https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html",
    });
  }
  const operation = service.operations.get(name);
  if (!operation) throw notImplemented(service.name, name);
  if (service.protocol === "ec2Query" || service.protocol === "awsQuery") requireVersion(service, request);
  return operation;
}

function requireVersion({ name, apiVersion }: Service, request: WireRequest): void {
  const version = formParameters(request).get("Version");
  if (version === undefined) throw new InputFault({ kind: "missing", path: "Version" });
  if (version === apiVersion) return;
  throw new AwsError("NoSuchVersion", `The API version ${version} is not recognized: ${name} has ${apiVersion}.`, {
    documentation: "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html",
  });
}

function refuse({ service, protocol, requestId }: Exchange, error: unknown): WireResponse {
  try {
    return protocol.encodeError(service, wireError(service, toAwsError(protocol, error)), requestId);
  } catch (second) {
    const failure = new AwsError("InternalFailure", String(second), { status: 500 });
    return protocol.encodeError(null, wireError(null, failure), requestId);
  }
}

function toAwsError(protocol: Protocol, error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  if (error instanceof InputFault) {
    const { code, message } = protocol.explain(error.fault);
    return new AwsError(code, message);
  }
  // A mistake of the range itself. It says what it is, so that whoever meets it can mend it.
  return new AwsError("InternalFailure", error instanceof Error ? error.message : String(error), { status: 500 });
}
