import type { NormalizedSchema } from "@smithy/core/schema";
import { InputFault, type Fault } from "../input-fault.ts";
import type { WireRequest, WireResponse } from "../request.ts";
import { bindOutput, type BoundOutput } from "../rest/bindings-output.ts";
import { decodeBindings, type BodyReader } from "../rest/bindings-input.ts";
import { findOperation } from "../rest/routes.ts";
import { textTrait } from "../schema.ts";
import type { Operation, Service } from "../services.ts";
import { unpackChunks } from "../s3/aws-chunked.ts";
import { toPathStyle } from "../s3/address.ts";
import { verifyBody } from "../s3/body.ts";
import { unpackPresigned } from "../s3/presigned.ts";
import { decodeXml, decodeXmlMembers } from "../xml-input.ts";
import { element, encodeMembers, textElement } from "../xml-output.ts";
import { parseXml } from "../xml-parser.ts";
import { binaryResponse, textResponse, type Protocol } from "./protocol.ts";

const contentType = "application/xml";
const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

const reader: BodyReader = {
  payload: (schema, _name, body) => decodeXml(schema, parseXml(body), ""),
  members(members, body) {
    if (body.length > 0 && members.length > 0) return Object.entries(decodeXmlMembers(members, parseXml(body), ""));
    const missing = members.find(({ isRequired }) => isRequired);
    if (missing) throw new InputFault({ kind: "missing", path: missing.name });
    return [];
  },
};

/** The protocol of S3, and what only S3 has: https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html */
export const restXml: Protocol = {
  receive(service, request, now) {
    return service.name === "s3" ? toPathStyle(unpackChunks(unpackPresigned(request, now))) : request;
  },

  operationOf: (service, request) => findOperation(service, request)?.operation.name ?? null,

  decode(service, operation, request) {
    if (service.name === "s3") verifyBody(request, operation);
    return decodeBindings(operation.input, request, { ...matched(service, request), reader });
  },

  encode(service, operation, output, requestId) {
    const bound = bindOutput(operation.output, output, operation.http?.status ?? 200, operation.name);
    // The model has one status for GetObject; a part of an object has another: https://www.rfc-editor.org/rfc/rfc9110#name-206-partial-content
    const status = bound.headers["content-range"] === undefined ? bound.status : 206;
    return answer(service, operation, { ...bound, status }, requestId);
  },

  encodeError(service, { code, message, status, cause }, requestId) {
    const shape = service?.errors.get(cause.code);
    const members = shape ? encodeMembers(shape.schema, cause.members, code) : "";
    const ids = textElement("RequestId", requestId);
    // S3 has no element around it: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#RESTErrorResponses
    const xml =
      service?.name === "s3"
        ? `<Error>${textElement("Code", code)}${textElement("Message", message)}${members}${ids}</Error>`
        : `<ErrorResponse><Error>${textElement("Type", status < 500 ? "Sender" : "Receiver")}${textElement("Code", code)}${textElement("Message", message)}${members}</Error>${ids}</ErrorResponse>`;
    return textResponse(status, contentType, requestId, declaration + xml, { "x-amz-request-id": requestId });
  },

  explain,
};

function matched(
  service: Service,
  request: WireRequest,
): Pick<Parameters<typeof decodeBindings>[2], "labels" | "literals"> {
  const { labels = {}, literals = new Set<string>() } = findOperation(service, request) ?? {};
  return { labels, literals };
}

function answer(service: Service, operation: Operation, bound: BoundOutput, requestId: string): WireResponse {
  const { status, payload, members, hasBody } = bound;
  const headers = { ...bound.headers, "x-amz-request-id": requestId };
  if (payload?.schema.isBlobSchema() || payload?.schema.isStringSchema()) {
    return binaryResponse(status, { "content-type": "binary/octet-stream", ...headers }, requestId, payload.value);
  }
  if (payload) {
    if (payload.value === undefined || payload.value === null) return binaryResponse(status, headers, requestId, null);
    const xml = root(service, rootName(payload.schema, payload.name), payload.schema, payload.value);
    return textResponse(status, contentType, requestId, xml, headers);
  }
  if (!hasBody) return binaryResponse(status, headers, requestId, null);
  const name = textTrait(operation.output.getMergedTraits(), "xmlName") ?? `${operation.name}Result`;
  return textResponse(status, contentType, requestId, root(service, name, operation.output, members), headers);
}

function rootName(schema: NormalizedSchema, name: string): string {
  return textTrait(schema.getMergedTraits(), "xmlName") ?? schema.getName() ?? name;
}

function root({ xmlNamespace }: Service, name: string, schema: NormalizedSchema, value: unknown): string {
  return declaration + element(name, encodeMembers(schema, value, name), ` xmlns="${xmlNamespace}"`);
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
function explain(fault: Fault): { readonly code: string; readonly message: string } {
  switch (fault.kind) {
    case "missing":
      return { code: "InvalidRequest", message: `The request must contain ${fault.path}.` };
    case "unknown":
      // AWS ignores unknown parameters here. The range refuses them: a misspelt one must not look as if it worked.
      return { code: "InvalidArgument", message: `${fault.path} is not recognized.` };
    case "invalid":
      return {
        code: "InvalidArgument",
        message: `The value '${fault.value}' of ${fault.path} is invalid. Expected: ${fault.expected}`,
      };
    case "malformed":
      return { code: "MalformedXML", message: fault.problem };
  }
}
