/** A URI template of a model, such as `/{Key+}?uploads`: https://smithy.io/2.0/spec/http-bindings.html#http-trait */
export interface UriTemplate {
  readonly segments: readonly Segment[];
  /** Parameters of the query that belong to the operation's name: the value, or null when the name alone is enough. */
  readonly literals: ReadonlyMap<string, string | null>;
  /** The operation's own name in the parameter `x-id`, which the SDK sends and nobody else has to. */
  readonly xId: string | null;
}

type Segment =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "label"; readonly name: string }
  | { readonly kind: "greedy"; readonly name: string };

/** Reads a template. */
export function parseTemplate(text: string): UriTemplate {
  const [path = "", query = ""] = text.split("?", 2);
  const literals = new Map<string, string | null>();
  let xId: string | null = null;
  for (const pair of query.split("&").filter((each) => each !== "")) {
    const [name = "", value = null] = pair.split("=", 2);
    if (name === "x-id") xId = value;
    else literals.set(name, value);
  }
  return { segments: path.split("/").slice(1).map(segmentOf), literals, xId };
}

function segmentOf(text: string): Segment {
  const [, name, greedy] = /^\{([^}+]+)(\+)?\}$/.exec(text) ?? [];
  if (name === undefined) return { kind: "text", text };
  return greedy === undefined ? { kind: "label", name } : { kind: "greedy", name };
}

/**
 * The labels of a path, decoded; null when the path is not of this template.
 *
 * A greedy label takes what its neighbours leave, slashes and empty names included: keys of S3 may have both.
 */
export function matchPath({ segments }: UriTemplate, path: string): Readonly<Record<string, string>> | null {
  const parts = path.split("/").slice(1);
  const greedyAt = segments.findIndex(({ kind }) => kind === "greedy");
  if (greedyAt < 0 ? parts.length !== segments.length : parts.length < segments.length) return null;
  const taken = parts.length - segments.length + 1;
  const labels: [string, string][] = [];
  let at = 0;
  for (const segment of segments) {
    const width = segment.kind === "greedy" ? taken : 1;
    const text = parts.slice(at, at + width).join("/");
    at += width;
    if (segment.kind === "text" ? text !== segment.text : text === "") return null;
    if (segment.kind !== "text") labels.push([segment.name, decode(text)]);
  }
  return Object.fromEntries(labels);
}

/** A percent sign that begins no escape stands for itself. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
