import type { AwsError } from "../operation.ts";
import type { WireRequest, WireResponse } from "../request.ts";
import type { Fault } from "../input-fault.ts";
import type { Operation, Service } from "../services.ts";

/** An error on its way out, with the service's own code and status for it. */
export interface WireError {
  /** The code that the service sends. */
  readonly code: string;
  readonly message: string;
  readonly status: number;
  readonly cause: AwsError;
}

/** One of AWS's wire protocols, seen from the server. */
export interface Protocol {
  /** Unpacks what a service wraps around its requests, before anything else looks at them; left out where none does. */
  receive?(service: Service, request: WireRequest, now: number | null): WireRequest;
  /** Name of the operation that the request asks for; null when it names none. */
  operationOf(service: Service, request: WireRequest): string | null;
  /**
   * Reads the input.
   *
   * @throws InputFault or AwsError when the request is not a valid one.
   */
  decode(service: Service, operation: Operation, request: WireRequest): Record<string, unknown>;
  /**
   * Writes the answer.
   *
   * @throws TypeError when the output does not fit the model.
   */
  encode(
    service: Service,
    operation: Operation,
    output: Readonly<Record<string, unknown>>,
    requestId: string,
  ): WireResponse;
  /** Writes an error. Null as service when the request did not say which one it is for. */
  encodeError(service: Service | null, error: WireError, requestId: string): WireResponse;
  /** Code and message that services of this protocol answer to a faulty input. */
  explain(fault: Fault): { readonly code: string; readonly message: string };
}

/** The error's code and status for this service: its model's, unless the handler said otherwise. */
export function wireError(service: Service | null, error: AwsError): WireError {
  const shape = service?.errors.get(error.code);
  const status = error.status ?? shape?.status ?? (error.code === "NotImplemented" ? 501 : 400);
  return { code: shape?.code ?? error.code, message: error.message, status, cause: error };
}

/** A response with text in it. */
export function textResponse(
  status: number,
  contentType: string,
  requestId: string,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): WireResponse {
  const body = new TextEncoder().encode(text);
  return {
    status,
    headers: {
      "content-type": contentType,
      "content-length": String(body.length),
      "x-amzn-requestid": requestId,
      ...headers,
    },
    body,
  };
}

/** A response whose body is bytes, text, or nothing. */
export function binaryResponse(
  status: number,
  headers: Readonly<Record<string, string>>,
  requestId: string,
  content: unknown,
): WireResponse {
  const body = bytesOf(content);
  return {
    status,
    headers: { "content-length": String(body.length), "x-amzn-requestid": requestId, ...headers },
    body,
    isStream: content instanceof Uint8Array,
  };
}

function bytesOf(content: unknown): Uint8Array {
  if (content === undefined || content === null) return new Uint8Array();
  if (content instanceof Uint8Array) return content;
  if (typeof content === "string") return new TextEncoder().encode(content);
  throw new TypeError("the handler's output does not fit AWS's model: the payload must be bytes or text");
}

/** Names in AWS's validation messages start in lower case: `Value null at 'roleName'`. */
export function lowerPath(path: string): string {
  return path
    .split(".")
    .map((part) => part.charAt(0).toLowerCase() + part.slice(1))
    .join(".");
}

/** The message of AWS's common validation for a required member that is absent. */
export function missingMember(path: string): string {
  return `1 validation error detected: Value null at '${lowerPath(path)}' failed to satisfy constraint: Member must not be null`;
}
