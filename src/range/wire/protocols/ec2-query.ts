import type { Fault } from "../input-fault.ts";
import { decodeForm } from "../query-input.ts";
import { formParameters, formTree } from "../query-form.ts";
import { encodeMembers, textElement } from "../xml-output.ts";
import { textResponse, type Protocol } from "./protocol.ts";

const contentType = "text/xml;charset=UTF-8";
const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** EC2's protocol: https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html */
export const ec2Query: Protocol = {
  operationOf: (_service, request) => formParameters(request).get("Action") ?? null,

  decode: (_service, operation, request) => decodeForm(operation.input, formTree(formParameters(request)), "ec2Query"),

  encode(service, operation, output, requestId) {
    const name = `${operation.name}Response`;
    // Operations without an output answer <return>true</return>:
    // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVolume.html
    const members = operation.output.isUnitSchema()
      ? textElement("return", "true")
      : encodeMembers(operation.output, output, operation.name);
    const content = textElement("requestId", requestId) + members;
    const xml = `${declaration}<${name} xmlns="${service.xmlNamespace}">${content}</${name}>`;
    return textResponse(200, contentType, requestId, xml);
  },

  // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html#api-error-response
  encodeError(_service, { code, message, status }, requestId) {
    const error = `<Error>${textElement("Code", code)}${textElement("Message", message)}</Error>`;
    const content = `<Errors>${error}</Errors>${textElement("RequestID", requestId)}`;
    return textResponse(status, contentType, requestId, `${declaration}<Response>${content}</Response>`);
  },

  explain,
};

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
function explain(fault: Fault): { readonly code: string; readonly message: string } {
  switch (fault.kind) {
    case "missing":
      return { code: "MissingParameter", message: `The request must contain the parameter ${fault.path}` };
    case "unknown":
      return { code: "UnknownParameter", message: `The parameter ${fault.path} is not recognized` };
    case "invalid":
      return {
        code: "InvalidParameterValue",
        message: `Value (${fault.value}) for parameter ${fault.path} is invalid. Expected: ${fault.expected}`,
      };
    case "malformed":
      return { code: "MalformedQueryString", message: fault.problem };
  }
}
