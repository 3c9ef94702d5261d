import type { Document, Node } from "yaml";
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";

const LARGEST_FILE_CHARACTERS = 256 * 1024;
/** Aliases multiply: a file of a few lines may stand for gigabytes. */
const MOST_ALIASES = 50;

/** Where something stands in a file, counted from 1. */
interface Position {
  readonly line: number;
  readonly column: number;
}

/** Something wrong in a file. */
export interface Problem extends Position {
  readonly message: string;
}

type Path = readonly PropertyKey[];

/** What was read, and how to say where a part of it stands. */
export interface Read<Value> {
  readonly value: Value | null;
  readonly problems: readonly Problem[];
  /** A problem at the place of `path`; at the nearest thing around it where the file has no such place. */
  readonly problemAt: (path: Path, message: string) => Problem;
}

/** Reads YAML into the shape of a schema. Every problem carries its line and column; nothing is thrown. */
export function readYaml<Schema extends z.ZodType>(text: string, schema: Schema): Read<z.infer<Schema>> {
  const start = { line: 1, column: 1 };
  if (text.length > LARGEST_FILE_CHARACTERS) {
    const problem = { ...start, message: `the file is longer than ${LARGEST_FILE_CHARACTERS} characters` };
    return { value: null, problems: [problem], problemAt: () => problem };
  }
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, logLevel: "error" });
  const position = (offset: number): Position => {
    const { line, col } = counter.linePos(offset);
    return { line, column: col };
  };
  const problemAt = (path: Path, message: string): Problem => ({ ...position(offsetOf(document, path)), message });
  const malformed = [...document.errors, ...document.warnings];
  if (malformed.length > 0) {
    return {
      value: null,
      problems: malformed.map(({ pos, message }) => ({ ...position(pos[0]), message })),
      problemAt,
    };
  }
  const content = contentOf(document);
  if (content.kind === "problem") return { value: null, problems: [problemAt([], content.message)], problemAt };
  const parsed = schema.safeParse(content.value);
  if (parsed.success) return { value: parsed.data, problems: [], problemAt };
  return { value: null, problems: parsed.error.issues.flatMap((issue) => problemsOf(issue, problemAt)), problemAt };
}

/** One line for each problem: `3:5 stages.0.id: ...`, in the order of the file. */
export function describeProblems(problems: readonly Problem[]): string {
  return [...problems]
    .sort((left, right) => left.line - right.line || left.column - right.column)
    .map(({ line, column, message }) => `${line}:${column} ${message}`)
    .join("; ");
}

type Content =
  { readonly kind: "value"; readonly value: unknown } | { readonly kind: "problem"; readonly message: string };

function contentOf(document: Document): Content {
  try {
    return { kind: "value", value: document.toJS({ maxAliasCount: MOST_ALIASES }) };
  } catch (error) {
    return { kind: "problem", message: (error as Error).message };
  }
}

function problemsOf(issue: z.core.$ZodIssue, problemAt: Read<unknown>["problemAt"]): readonly Problem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => problemAt([...issue.path, key], `${named([...issue.path, key])}: no such key`));
  }
  if (issue.code === "invalid_union") {
    // Of the shapes that were allowed, the one that came furthest is the one that was meant.
    const [closest] = issue.errors.toSorted((left, right) => deepest(right) - deepest(left));
    const inner = (closest ?? []).map((each) => ({ ...each, path: [...issue.path, ...each.path] }));
    if (inner.length > 0) return inner.flatMap((each) => problemsOf(each, problemAt));
  }
  return [problemAt(issue.path, `${named(issue.path)}: ${issue.message.replace(/^Invalid input: /, "")}`)];
}

function deepest(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(0, ...issues.map(({ path, code }) => path.length + (code === "unrecognized_keys" ? 1 : 0)));
}

function named(path: Path): string {
  return path.length === 0 ? "the file" : path.map(String).join(".");
}

/** The offset of the key or item that a path names, or of the nearest thing around it. */
function offsetOf(document: Document, path: Path): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
      if (pair === undefined) return offset;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(part)];
      offset = startOf(node) ?? offset;
    } else return offset;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? (node as Node).range?.[0] : undefined;
}
