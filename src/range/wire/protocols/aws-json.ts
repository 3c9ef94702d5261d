import { InputFault, type Fault } from "../input-fault.ts";
import { decodeJson, encodeJson, parseJson } from "../json.ts";
import { isTargetOf, readTarget, type ErrorShape } from "../services.ts";
import { missingMember, textResponse, type Protocol, type WireError } from "./protocol.ts";

/** The protocols in which everything is JSON, by version: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html */
export function awsJson(version: "1.0" | "1.1"): Protocol {
  const contentType = `application/x-amz-json-${version}`;
  return {
    operationOf(service, request) {
      const target = readTarget(request.headers["x-amz-target"] ?? "");
      return target && target.operation !== "" && isTargetOf(service, target.prefix) ? target.operation : null;
    },

    decode(_service, operation, request) {
      const sent = request.headers["content-type"] ?? "";
      if (!sent.startsWith("application/x-amz-json-")) {
        throw new InputFault({ kind: "malformed", problem: `The content type must be ${contentType}, not '${sent}'.` });
      }
      return decodeJson(operation.input, parseJson(request.body), "member") as Record<string, unknown>;
    },

    encode(_service, operation, output, requestId) {
      const value = encodeJson(operation.output, output, "member", operation.name);
      // An operation without output has an empty body.
      const text = operation.output.isUnitSchema() ? "" : JSON.stringify(value);
      return textResponse(200, contentType, requestId, text);
    },

    encodeError(service, error, requestId) {
      const shape = service?.errors.get(error.cause.code);
      // The JSON protocols send a modelled error's name; the code of the query protocols goes into a header,
      // for services that spoke one before: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#awsquerycompatible
      const body = { __type: shape?.name ?? error.code, ...errorMembers(shape, error) };
      const fault = error.status < 500 ? "Sender" : "Receiver";
      const headers: Record<string, string> =
        shape && shape.code !== shape.name ? { "x-amzn-query-error": `${shape.code};${fault}` } : {};
      return textResponse(error.status, contentType, requestId, JSON.stringify(body), headers);
    },

    explain: explainJson,
  };
}

/** Members of an error in JSON: what the handler gave, and the message under the name that the shape has for it. */
export function errorMembers(shape: ErrorShape | undefined, error: WireError): Record<string, unknown> {
  if (!shape) return { message: error.message };
  const names = new Set([...shape.schema.structIterator()].map(([name]) => name));
  const members = encodeJson(shape.schema, error.cause.members, "member", shape.name) as Record<string, unknown>;
  return { ...members, [names.has("Message") ? "Message" : "message"]: error.message };
}

/** What services with JSON answer to a faulty input. */
export function explainJson(fault: Fault): { readonly code: string; readonly message: string } {
  switch (fault.kind) {
    case "missing":
      return { code: "ValidationException", message: missingMember(fault.path) };
    case "unknown":
      // AWS ignores unknown members here. The range refuses them: a misspelt one must not look as if it worked.
      return { code: "ValidationException", message: `The member ${fault.path} is not recognized` };
    case "invalid":
      return {
        code: "SerializationException",
        message: `'${fault.value}' at '${fault.path}' can not be converted to ${fault.expected}`,
      };
    case "malformed":
      return { code: "SerializationException", message: fault.problem };
  }
}
