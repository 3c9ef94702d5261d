import { InputFault } from "../input-fault.ts";
import { decodeJson, encodeJson, parseJson } from "../json.ts";
import { bindOutput } from "../rest/bindings-output.ts";
import { decodeBindings, type BodyReader } from "../rest/bindings-input.ts";
import { findOperation } from "../rest/routes.ts";
import { textTrait } from "../schema.ts";
import { asRecord } from "../xml-output.ts";
import { errorMembers, explainJson } from "./aws-json.ts";
import { binaryResponse, textResponse, type Protocol } from "./protocol.ts";

const contentType = "application/json";

const reader: BodyReader = {
  payload: (schema, name, body) => decodeJson(schema, parseJson(body), "jsonName", name),
  members(members, body) {
    if (members.length === 0) return [];
    const values = parseJson(body);
    if (typeof values !== "object" || values === null || Array.isArray(values)) {
      throw new InputFault({ kind: "malformed", problem: "The body is not a structure." });
    }
    const given = new Map(Object.entries(values));
    const entries: [string, unknown][] = [];
    for (const { name, schema, isRequired } of members) {
      const key = textTrait(schema.getMergedTraits(), "jsonName") ?? name;
      const value: unknown = given.get(key) ?? null;
      given.delete(key);
      if (value !== null) entries.push([name, decodeJson(schema, value, "jsonName", key)]);
      else if (isRequired) throw new InputFault({ kind: "missing", path: key });
    }
    const [unknown] = given.keys();
    if (unknown !== undefined) throw new InputFault({ kind: "unknown", path: unknown });
    return entries;
  },
};

/** The protocol of Lambda, GuardDuty and others: https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html */
export const restJson: Protocol = {
  operationOf: (service, request) => findOperation(service, request)?.operation.name ?? null,

  decode(service, operation, request) {
    const { labels = {}, literals = new Set<string>() } = findOperation(service, request) ?? {};
    return decodeBindings(operation.input, request, { labels, literals, reader });
  },

  encode(_service, operation, output, requestId) {
    const bound = bindOutput(operation.output, output, operation.http?.status ?? 200, operation.name);
    const { status, headers, payload, members, hasBody } = bound;
    if (payload?.schema.isBlobSchema() || payload?.schema.isStringSchema()) {
      const type = payload.schema.isBlobSchema() ? "application/octet-stream" : "text/plain";
      return binaryResponse(status, { "content-type": type, ...headers }, requestId, payload.value);
    }
    if (payload) {
      const value = payload.value === undefined || payload.value === null ? {} : payload.value;
      const json = encodeJson(payload.schema, value, "jsonName", `${operation.name}.${payload.name}`);
      return textResponse(status, contentType, requestId, JSON.stringify(json), headers);
    }
    if (!hasBody) return binaryResponse(status, headers, requestId, null);
    const json = encodeJson(operation.output, members, "jsonName", operation.name);
    return textResponse(status, contentType, requestId, JSON.stringify(json), headers);
  },

  encodeError(service, error, requestId) {
    const shape = service?.errors.get(error.cause.code);
    const name = shape?.name ?? error.code;
    const bound = shape && bindOutput(shape.schema, asRecord(error.cause.members, name), error.status, name);
    const cause = Object.assign(Object.create(error.cause) as typeof error.cause, { members: bound?.members ?? {} });
    const body = JSON.stringify(errorMembers(shape, { ...error, cause }));
    return textResponse(error.status, contentType, requestId, body, { "x-amzn-errortype": name, ...bound?.headers });
  },

  explain: explainJson,
};
