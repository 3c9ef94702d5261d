import { InputFault, MAXIMUM_DEPTH } from "./input-fault.ts";
import type { WireRequest } from "./request.ts";

/** The parameters of a query request as a tree: `Filter.1.Name=a` is a value three levels down. */
export interface FormNode {
  value: string | null;
  readonly children: Map<string, FormNode>;
}

// Parameters that every request of the query protocols may carry:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html
const common: ReadonlySet<string> = new Set([
  "Action",
  "Version",
  "AWSAccessKeyId",
  "Expires",
  "SecurityToken",
  "Signature",
  "SignatureMethod",
  "SignatureVersion",
  "Timestamp",
]);

function isCommon(name: string): boolean {
  return common.has(name) || name.toLowerCase().startsWith("x-amz-");
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

/** All parameters of a query request: those of the address, and those of the body when it is a form. */
export function formParameters(request: WireRequest): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>(Object.entries(request.query));
  for (const [name, value] of readBody(request.body)) {
    if (parameters.has(name))
      throw new InputFault({ kind: "malformed", problem: `The parameter ${name} is given twice.` });
    parameters.set(name, value);
  }
  return parameters;
}

function readBody(body: Uint8Array): readonly (readonly [string, string])[] {
  try {
    return strictUtf8
      .decode(body)
      .split("&")
      .filter((pair) => pair.trim() !== "")
      .map((pair) => {
        const at = pair.indexOf("=");
        return at < 0 ? [unescape(pair), ""] : [unescape(pair.slice(0, at)), unescape(pair.slice(at + 1))];
      });
  } catch {
    throw new InputFault({ kind: "malformed", problem: "The body is not a form in UTF-8." });
  }
}

function unescape(text: string): string {
  return decodeURIComponent(text.replaceAll("+", " "));
}

/** The operation's own parameters as a tree. */
export function formTree(parameters: ReadonlyMap<string, string>): FormNode {
  const root: FormNode = { value: null, children: new Map() };
  for (const [name, value] of parameters) {
    if (!isCommon(name)) nodeAt(root, name).value = value;
  }
  return root;
}

function nodeAt(root: FormNode, name: string): FormNode {
  const parts = name.split(".", 2 * MAXIMUM_DEPTH);
  if (parts.length === 2 * MAXIMUM_DEPTH) throw new InputFault({ kind: "unknown", path: name });
  let node = root;
  for (const part of parts) {
    let child = node.children.get(part);
    if (!child) node.children.set(part, (child = { value: null, children: new Map() }));
    node = child;
  }
  return node;
}
