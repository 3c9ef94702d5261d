import { notImplemented } from "../../wire/operation.ts";
import { malformed } from "./streams.ts";

/**
 * Reads queries of CloudWatch Logs Insights, as far as the range knows the language.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
 */
export type Expression =
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "value"; readonly value: string }
  | { readonly kind: "compare"; readonly sign: Sign; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "like"; readonly left: Expression; readonly pattern: RegExp | string }
  | { readonly kind: "in"; readonly left: Expression; readonly values: readonly Expression[] }
  | { readonly kind: "present"; readonly name: string }
  | { readonly kind: "not"; readonly inner: Expression }
  | { readonly kind: "both" | "either"; readonly left: Expression; readonly right: Expression };

export type Sign = "=" | "!=" | "<" | "<=" | ">" | ">=";

export interface Aggregate {
  readonly by: "count" | "min" | "max" | "sum";
  /** Null counts every record. */
  readonly field: string | null;
  readonly as: string;
}

export type GroupKey = { readonly name: string; readonly as: string; readonly binMs: number | null };

export type Command =
  | { readonly kind: "fields" | "display"; readonly names: readonly { readonly name: string; readonly as: string }[] }
  | { readonly kind: "filter"; readonly condition: Expression }
  | { readonly kind: "parse"; readonly field: string; readonly pattern: RegExp; readonly names: readonly string[] }
  | { readonly kind: "stats"; readonly aggregates: readonly Aggregate[]; readonly by: readonly GroupKey[] }
  | { readonly kind: "sort"; readonly keys: readonly { readonly name: string; readonly descends: boolean }[] }
  | { readonly kind: "limit"; readonly count: number };

/** Commands of AWS's that the range does not have. */
const UNSERVED: ReadonlySet<string> = new Set([
  "addtotals",
  "anomaly",
  "dedup",
  "diff",
  "filterindex",
  "join",
  "lookup",
  "pattern",
  "source",
  "subquery",
  "unmask",
  "unnest",
]);

const TOKEN =
  /\s+|#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\/(?:[^/\\\n]|\\.)+\/|`[^`]+`|!=|<=|>=|=~|[=<>()[\],|*]|-?\d+(?:\.\d+)?[a-z]*|@?[A-Za-z_][\w.@]*/gy;

/** @throws AwsError MalformedQueryException, or NotImplemented for what AWS knows and the range does not. */
export function parseQuery(text: string): readonly Command[] {
  const commands: Command[] = [];
  const tokens = new Tokens(tokensOf(text));
  do {
    commands.push(command(tokens));
  } while (tokens.take("|"));
  if (!tokens.isAtEnd) throw malformed(`unexpected symbol found ${tokens.next()}`);
  return commands;
}

function tokensOf(text: string): readonly string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const [token] = TOKEN.exec(text) ?? [];
    if (token === undefined) throw malformed(`unexpected symbol found ${text.charAt(at)} at position ${at}`);
    if (!/^[\s#]/.test(token)) tokens.push(token);
  }
  return tokens;
}

class Tokens {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  peek(): string {
    return this.#tokens[this.#at] ?? "";
  }

  next(): string {
    if (this.isAtEnd) throw malformed("unexpected end of the query");
    return this.#tokens[this.#at++] ?? "";
  }

  /** Takes the next token if it is this word, in any case. */
  take(word: string): boolean {
    if (this.peek().toLowerCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  expect(word: string): void {
    if (!this.take(word)) throw malformed(`expected ${word} and found ${this.peek() || "the end"}`);
  }
}

function command(tokens: Tokens): Command {
  const word = tokens.next().toLowerCase();
  switch (word) {
    case "fields":
    case "display":
      return { kind: word, names: listOf(tokens, namedField) };
    case "filter":
      return { kind: "filter", condition: either(tokens) };
    case "parse":
      return parseCommand(tokens);
    case "stats":
      return statsCommand(tokens);
    case "sort":
      return { kind: "sort", keys: listOf(tokens, sortKey) };
    case "limit":
    case "head":
      return { kind: "limit", count: wholeNumber(tokens.next()) };
    default:
      if (UNSERVED.has(word)) throw notImplemented("logs", `StartQuery with the command ${word}`);
      throw malformed(`unknown command ${word}`);
  }
}

function listOf<T>(tokens: Tokens, read: (tokens: Tokens) => T): readonly T[] {
  const items = [read(tokens)];
  while (tokens.take(",")) items.push(read(tokens));
  return items;
}

function namedField(tokens: Tokens): { readonly name: string; readonly as: string } {
  const name = fieldName(tokens);
  if (tokens.peek() === "(") throw notImplemented("logs", `StartQuery with the function ${name}`);
  return { name, as: tokens.take("as") ? fieldName(tokens) : name };
}

function fieldName(tokens: Tokens): string {
  const token = tokens.next();
  if (token.startsWith("`")) return token.slice(1, -1);
  if (!/^@?[A-Za-z_]/.test(token)) throw malformed(`expected a field and found ${token}`);
  return token;
}

function sortKey(tokens: Tokens): { readonly name: string; readonly descends: boolean } {
  const name = fieldName(tokens);
  if (tokens.peek() === "(") throw notImplemented("logs", `StartQuery with a function to sort by`);
  if (tokens.take("asc")) return { name, descends: false };
  tokens.take("desc");
  return { name, descends: true };
}

function wholeNumber(token: string): number {
  if (!/^\d+$/.test(token)) throw malformed(`expected a number and found ${token}`);
  return Number(token);
}

function parseCommand(tokens: Tokens): Command {
  const field = /^@?[A-Za-z_`]/.test(tokens.peek()) ? fieldName(tokens) : "@message";
  const token = tokens.next();
  if (token.startsWith("/")) {
    const pattern = regexOf(token);
    const names = [...token.matchAll(/\(\?<(\w+)>/g)].map(([, name = ""]) => name);
    if (names.length === 0) throw malformed("a regular expression of parse needs named groups");
    return { kind: "parse", field, pattern, names };
  }
  const glob = textOf(token);
  tokens.expect("as");
  const names = listOf(tokens, fieldName);
  const parts = glob.split("*");
  if (parts.length !== names.length + 1) throw malformed("parse needs as many fields as its pattern has wildcards");
  const last = parts.length - 1;
  const body = parts.map(
    (part, index) => `${index === 0 ? "" : index === last && part === "" ? "(.*)" : "(.*?)"}${escaped(part)}`,
  );
  return { kind: "parse", field, pattern: new RegExp(body.join(""), "s"), names };
}

function statsCommand(tokens: Tokens): Command {
  const aggregates = listOf(tokens, aggregate);
  return { kind: "stats", aggregates, by: tokens.take("by") ? listOf(tokens, groupKey) : [] };
}

function aggregate(tokens: Tokens): Aggregate {
  const by = tokens.next().toLowerCase();
  if (!/^\w+$/.test(by) || tokens.peek() !== "(") throw malformed(`expected a function of stats and found ${by}`);
  if (by !== "count" && by !== "min" && by !== "max" && by !== "sum")
    throw notImplemented("logs", `StartQuery with the function ${by}`);
  tokens.expect("(");
  const isAny = tokens.take("*") || tokens.peek() === ")";
  if (isAny && by !== "count") throw malformed(`${by} needs a field`);
  const field = isAny ? null : fieldName(tokens);
  tokens.expect(")");
  return { by, field, as: tokens.take("as") ? fieldName(tokens) : `${by}(${field ?? "*"})` };
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function groupKey(tokens: Tokens): GroupKey {
  const name = fieldName(tokens);
  if (!tokens.take("(")) return { name, as: tokens.take("as") ? fieldName(tokens) : name, binMs: null };
  if (name.toLowerCase() !== "bin") throw notImplemented("logs", `StartQuery with the function ${name}`);
  const period = tokens.next();
  const [, count = "", unit = ""] = /^(\d+)([a-z]+)$/.exec(period) ?? [];
  const unitMs = UNITS[unit];
  if (unitMs === undefined) throw malformed(`${period} is not a period`);
  tokens.expect(")");
  const as = tokens.take("as") ? fieldName(tokens) : `bin(${period})`;
  return { name: "@timestamp", as, binMs: Number(count) * unitMs };
}

function either(tokens: Tokens): Expression {
  let left = both(tokens);
  while (tokens.take("or")) left = { kind: "either", left, right: both(tokens) };
  return left;
}

function both(tokens: Tokens): Expression {
  let left = negated(tokens);
  while (tokens.take("and")) left = { kind: "both", left, right: negated(tokens) };
  return left;
}

function negated(tokens: Tokens): Expression {
  return tokens.take("not") ? { kind: "not", inner: negated(tokens) } : comparison(tokens);
}

function comparison(tokens: Tokens): Expression {
  if (tokens.take("(")) {
    const inner = either(tokens);
    tokens.expect(")");
    return inner;
  }
  const left = operand(tokens);
  if (left.kind === "present") return left;
  if (tokens.take("not")) return { kind: "not", inner: matching(tokens, left) };
  const sign = tokens.peek();
  if (sign === "=" || sign === "!=" || sign === "<" || sign === "<=" || sign === ">" || sign === ">=") {
    tokens.next();
    return { kind: "compare", sign, left, right: operand(tokens) };
  }
  return matching(tokens, left);
}

function matching(tokens: Tokens, left: Expression): Expression {
  if (tokens.take("like") || tokens.take("=~")) {
    const token = tokens.next();
    return { kind: "like", left, pattern: token.startsWith("/") ? regexOf(token) : textOf(token) };
  }
  tokens.expect("in");
  tokens.expect("[");
  const values = listOf(tokens, operand);
  tokens.expect("]");
  return { kind: "in", left, values };
}

function operand(tokens: Tokens): Expression {
  const token = tokens.peek();
  if (/^["']/.test(token)) return { kind: "value", value: textOf(tokens.next()) };
  if (/^-?\d+(?:\.\d+)?$/.test(token)) return { kind: "value", value: tokens.next() };
  const name = fieldName(tokens);
  if (!tokens.take("(")) return { kind: "field", name };
  if (name.toLowerCase() !== "ispresent") throw notImplemented("logs", `StartQuery with the function ${name}`);
  const inner = fieldName(tokens);
  tokens.expect(")");
  return { kind: "present", name: inner };
}

function textOf(token: string): string {
  if (!/^["']/.test(token)) throw malformed(`expected text in quotes and found ${token}`);
  return token.slice(1, -1).replaceAll(/\\(.)/g, "$1");
}

function regexOf(token: string): RegExp {
  try {
    return new RegExp(token.slice(1, -1), "s");
  } catch {
    throw malformed(`${token} is not a regular expression`);
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
