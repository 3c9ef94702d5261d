import type { NormalizedSchema } from "@smithy/core/schema";
import { formatScalar, wrongOutput } from "../scalars.ts";
import { asList, asRecord, refuseUnknown } from "../xml-output.ts";
import { joinHeader } from "./header-lists.ts";

/** Where the parts of an output go: https://smithy.io/2.0/spec/http-bindings.html */
export interface BoundOutput {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The member that is the whole body; null when the body holds the remaining members. */
  readonly payload: { readonly name: string; readonly schema: NormalizedSchema; readonly value: unknown } | null;
  /** The members that neither status nor headers carry. */
  readonly members: Readonly<Record<string, unknown>>;
  /** Whether the model puts anything into the body at all. */
  readonly hasBody: boolean;
}

/**
 * Parts an output into status, headers and body.
 *
 * @throws TypeError when the value does not fit the schema.
 */
export function bindOutput(schema: NormalizedSchema, value: unknown, status: number, path: string): BoundOutput {
  const headers: Record<string, string> = {};
  const members: [string, unknown][] = [];
  let payload: BoundOutput["payload"] = null;
  let bound = status;
  let hasBody = false;
  if (schema.isUnitSchema()) return { status, headers, payload, members: {}, hasBody };
  const output = asRecord(value, path);
  refuseUnknown(schema, output, path);
  for (const [name, member] of schema.structIterator()) {
    const { httpHeader, httpPrefixHeaders, httpPayload, httpResponseCode } = member.getMergedTraits();
    const content = output[name];
    if (httpPayload) payload = { name, schema: member, value: content };
    else if (httpHeader === undefined && httpPrefixHeaders === undefined && !httpResponseCode) hasBody = true;
    if (content === undefined || content === null || httpPayload) continue;
    if (httpResponseCode) bound = content as number;
    else if (typeof httpPrefixHeaders === "string") addPrefixed(headers, httpPrefixHeaders, content, `${path}.${name}`);
    else if (typeof httpHeader === "string") {
      headers[httpHeader.toLowerCase()] = headerText(member, content, `${path}.${name}`);
    } else members.push([name, content]);
  }
  return { status: bound, headers, payload, members: Object.fromEntries(members), hasBody };
}

function addPrefixed(headers: Record<string, string>, prefix: string, value: unknown, path: string): void {
  for (const [name, text] of Object.entries(asRecord(value, path))) {
    if (typeof text !== "string") throw wrongOutput(`${path}.${name}`, "must be text");
    headers[`${prefix}${name}`.toLowerCase()] = text;
  }
}

function headerText(schema: NormalizedSchema, value: unknown, path: string): string {
  if (schema.isListSchema()) {
    const item = schema.getValueSchema();
    const texts = asList(value, path).map((each, at) => formatScalar(item, each, `${path}[${at}]`, "http-date"));
    return joinHeader(texts, item);
  }
  const text = formatScalar(schema, value, path, "http-date");
  const isEncoded = schema.getMergedTraits().mediaType !== undefined && schema.isStringSchema();
  return isEncoded ? Buffer.from(text).toString("base64") : text;
}
