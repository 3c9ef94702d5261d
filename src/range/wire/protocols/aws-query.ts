import type { Fault } from "../input-fault.ts";
import { decodeForm } from "../query-input.ts";
import { formParameters, formTree } from "../query-form.ts";
import { element, encodeMembers, textElement } from "../xml-output.ts";
import { missingMember, textResponse, type Protocol } from "./protocol.ts";

const contentType = "text/xml";

/** The protocol of IAM, STS and others of their time: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html */
export const awsQuery: Protocol = {
  operationOf: (_service, request) => formParameters(request).get("Action") ?? null,

  decode: (_service, operation, request) => decodeForm(operation.input, formTree(formParameters(request)), "awsQuery"),

  encode(service, operation, output, requestId) {
    const name = `${operation.name}Response`;
    const result = operation.output.isUnitSchema()
      ? ""
      : element(`${operation.name}Result`, encodeMembers(operation.output, output, operation.name));
    const metadata = element("ResponseMetadata", textElement("RequestId", requestId));
    const xml = `<${name} xmlns="${service.xmlNamespace}">${result}${metadata}</${name}>`;
    return textResponse(200, contentType, requestId, xml);
  },

  encodeError(service, { code, message, status, cause }, requestId) {
    const shape = service?.errors.get(cause.code);
    const members = shape ? encodeMembers(shape.schema, cause.members, code) : "";
    const error =
      textElement("Type", status < 500 ? "Sender" : "Receiver") +
      textElement("Code", code) +
      textElement("Message", message) +
      members;
    const namespace = service ? ` xmlns="${service.xmlNamespace}"` : "";
    const content = `<Error>${error}</Error>${textElement("RequestId", requestId)}`;
    return textResponse(status, contentType, requestId, `<ErrorResponse${namespace}>${content}</ErrorResponse>`);
  },

  explain,
};

// https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
function explain(fault: Fault): { readonly code: string; readonly message: string } {
  switch (fault.kind) {
    case "missing":
      return { code: "ValidationError", message: missingMember(fault.path) };
    case "unknown":
      // AWS ignores unknown parameters here. The range refuses them: a misspelt one must not look as if it worked.
      return { code: "ValidationError", message: `The parameter ${fault.path} is not recognized` };
    case "invalid":
      return {
        code: "ValidationError",
        message: `Value '${fault.value}' at '${fault.path}' is invalid. Expected: ${fault.expected}`,
      };
    case "malformed":
      return { code: "MalformedQueryString", message: fault.problem };
  }
}
