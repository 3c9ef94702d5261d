import type { NormalizedSchema } from "@smithy/core/schema";
import { InputFault } from "../input-fault.ts";
import type { WireRequest } from "../request.ts";
import { parseScalar } from "../scalars.ts";
import { requiredMembers } from "../schema.ts";
import { splitHeader } from "./header-lists.ts";

/** Reads what the body of a request carries, in the format of the protocol. */
export interface BodyReader {
  /** A structure, union or document that is the whole body. */
  payload(schema: NormalizedSchema, name: string, body: Uint8Array): unknown;
  /** The members that nothing else carries. */
  members(members: readonly BodyMember[], body: Uint8Array): readonly (readonly [string, unknown])[];
}

/** A member that lies in the body. */
export interface BodyMember {
  readonly name: string;
  readonly schema: NormalizedSchema;
  readonly isRequired: boolean;
}

/** Parameters of a signed address, and of the SDK, that belong to no operation. */
function isCommonParameter(name: string): boolean {
  return name === "x-id" || /^x-amz-/i.test(name) || name === "AWSAccessKeyId";
}

/**
 * Reads an operation's input from path, query, headers and body: https://smithy.io/2.0/spec/http-bindings.html
 *
 * Parameters of the query that the operation does not know are refused, where AWS ignores them: a misspelt one must
 * not look as if it worked. Headers are not: every proxy adds some.
 */
export function decodeBindings(
  input: NormalizedSchema,
  request: WireRequest,
  options: {
    readonly labels: Readonly<Record<string, string>>;
    readonly literals: ReadonlySet<string>;
    readonly reader: BodyReader;
  },
): Record<string, unknown> {
  const { labels, literals, reader } = options;
  const known = new Set(literals);
  const entries: (readonly [string, unknown])[] = [];
  const inBody: BodyMember[] = [];
  const required = requiredMembers(input);
  const takesOtherQuery = input.isUnitSchema() ? [] : bindOutsideBody();
  if (takesOtherQuery.length === 0) refuseUnknownQuery(request, known);
  for (const name of takesOtherQuery) entries.push([name, otherQuery(request, known)]);
  entries.push(...reader.members(inBody, request.body));
  return Object.fromEntries(entries);

  function bindOutsideBody(): readonly string[] {
    const forOtherQuery: string[] = [];
    for (const [name, schema] of input.structIterator()) {
      const isRequired = required.has(name);
      const traits = schema.getMergedTraits();
      if (traits.httpQueryParams !== undefined) {
        forOtherQuery.push(name);
        continue;
      }
      if (traits.httpQuery !== undefined) known.add(traits.httpQuery);
      const value = outsideBody(name, schema, { request, labels, reader });
      if (value === IN_BODY) inBody.push({ name, schema, isRequired });
      else if (value !== undefined) entries.push([name, value]);
      else if (isRequired) throw new InputFault({ kind: "missing", path: name });
    }
    return forOtherQuery;
  }
}

const IN_BODY = Symbol("in the body");

interface Sources {
  readonly request: WireRequest;
  readonly labels: Readonly<Record<string, string>>;
  readonly reader: BodyReader;
}

function outsideBody(name: string, schema: NormalizedSchema, { request, labels, reader }: Sources): unknown {
  const { httpLabel, httpQuery, httpHeader, httpPrefixHeaders, httpPayload } = schema.getMergedTraits();
  if (httpLabel) return scalar(schema, labels[name], name, "date-time");
  if (typeof httpQuery === "string") return queryValue(schema, request, httpQuery);
  if (typeof httpHeader === "string") return headerValue(schema, request.headers[httpHeader.toLowerCase()], name);
  if (typeof httpPrefixHeaders === "string") return prefixed(request, httpPrefixHeaders.toLowerCase());
  if (httpPayload) return payload(schema, name, { body: request.body, reader });
  return IN_BODY;
}

function scalar(
  schema: NormalizedSchema,
  text: string | undefined,
  path: string,
  timestamps: "date-time" | "http-date",
): unknown {
  return text === undefined ? undefined : parseScalar(schema, text, path, timestamps);
}

function queryValue(schema: NormalizedSchema, request: WireRequest, name: string): unknown {
  if (!schema.isListSchema()) return scalar(schema, request.query[name], name, "date-time");
  const single = request.query[name];
  const values = request.repeated?.[name] ?? (single === undefined ? undefined : [single]);
  return values?.map((value) => parseScalar(schema.getValueSchema(), value, name, "date-time"));
}

function headerValue(schema: NormalizedSchema, text: string | undefined, name: string): unknown {
  if (text === undefined) return undefined;
  if (schema.isListSchema()) {
    const item = schema.getValueSchema();
    return splitHeader(item, text).map((part) => parseScalar(item, part, name, "http-date"));
  }
  // A string of a media type travels in base64: https://smithy.io/2.0/spec/http-bindings.html#httpheader-trait
  if (schema.getMergedTraits().mediaType && schema.isStringSchema()) return Buffer.from(text, "base64").toString();
  return parseScalar(schema, text, name, "http-date");
}

function prefixed({ headers }: WireRequest, prefix: string): unknown {
  const found = Object.entries(headers).filter(([name]) => name.startsWith(prefix));
  if (found.length === 0) return undefined;
  return Object.fromEntries(found.map(([name, value]) => [name.slice(prefix.length), value]));
}

function payload(
  schema: NormalizedSchema,
  name: string,
  { body, reader }: { readonly body: Uint8Array; readonly reader: BodyReader },
): unknown {
  if (schema.isBlobSchema()) return body;
  if (body.length === 0) return undefined;
  if (schema.isStringSchema()) return new TextDecoder().decode(body);
  return reader.payload(schema, name, body);
}

function otherQuery({ query }: WireRequest, known: ReadonlySet<string>): Readonly<Record<string, string>> {
  const others = Object.entries(query).filter(([name]) => !known.has(name) && !isCommonParameter(name));
  return Object.fromEntries(others);
}

function refuseUnknownQuery(request: WireRequest, known: ReadonlySet<string>): void {
  const [unknown] = Object.keys(otherQuery(request, known));
  if (unknown !== undefined) throw new InputFault({ kind: "unknown", path: unknown });
}
