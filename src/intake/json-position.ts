/** Where a text stops being JSON, counted from 1, and what stands there. */
export interface JsonFault {
  readonly line: number;
  readonly column: number;
  readonly found: string;
}

const LITERAL = /(?:true|false|null)\b/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WHITE_SPACE = /[ \t\n\r]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/**
 * Finds where a text stops being JSON; null where it does not. Node's own message names no position for short texts, and
 * quotes the text instead, which is an intruder's.
 */
export function jsonFault(text: string): JsonFault | null {
  const offset = faultOffset(text);
  if (offset === null) return null;
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1, found: describe(text, offset) };
}

function describe(text: string, offset: number): string {
  const code = text.codePointAt(offset);
  if (code === undefined) return "the end of the text";
  const character = String.fromCodePoint(code);
  return /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(character)
    ? `the control character U+${code.toString(16).toUpperCase().padStart(4, "0")}`
    : JSON.stringify(character);
}

/** What may come next. Lists and objects are kept on a stack of their own: a text may be nested as deep as it is long. */
type Expected = "value" | "value or ]" | "key" | "key or }" | "colon" | "comma or end";

function faultOffset(text: string): number | null {
  const open: ("{" | "[")[] = [];
  let expected: Expected = "value";
  let at = 0;
  for (;;) {
    at = skip(WHITE_SPACE, text, at) ?? at;
    if (expected === "comma or end" && open.length === 0) return at === text.length ? null : at;
    const next = text[at];
    if (expected === "comma or end") {
      if (next === ",") expected = open.at(-1) === "{" ? "key" : "value";
      else if (next === (open.at(-1) === "{" ? "}" : "]")) open.pop();
      else return at;
      at += 1;
    } else if (expected === "colon") {
      if (next !== ":") return at;
      at += 1;
      expected = "value";
    } else if ((expected === "key or }" && next === "}") || (expected === "value or ]" && next === "]")) {
      open.pop();
      at += 1;
      expected = "comma or end";
    } else if (expected.startsWith("key")) {
      if (next !== '"') return at;
      const string = stringAt(text, at);
      if (string.fault) return string.end;
      at = string.end;
      expected = "colon";
    } else if (next === "{" || next === "[") {
      open.push(next);
      at += 1;
      expected = next === "{" ? "key or }" : "value or ]";
    } else {
      const scalar = scalarAt(text, at);
      if (scalar.fault) return scalar.end;
      at = scalar.end;
      expected = "comma or end";
    }
  }
}

interface Scanned {
  readonly end: number;
  readonly fault: boolean;
}

function scalarAt(text: string, at: number): Scanned {
  if (text[at] === '"') return stringAt(text, at);
  const end = skip(LITERAL, text, at) ?? skip(NUMBER, text, at);
  return { end: end ?? at, fault: end === null };
}

function stringAt(text: string, from: number): Scanned {
  let at = from + 1;
  while (at < text.length) {
    const character = text.charAt(at);
    if (character === '"') return { end: at + 1, fault: false };
    if (character < " ") return { end: at, fault: true };
    if (character === "\\") {
      const end = skip(ESCAPE, text, at);
      if (end === null) return { end: at, fault: true };
      at = end;
    } else at += 1;
  }
  return { end: at, fault: true };
}

function skip(pattern: RegExp, text: string, at: number): number | null {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : null;
}
