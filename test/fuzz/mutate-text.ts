import type { Random } from "../../src/range/world/random.ts";

/** No input grows beyond this: what is larger is refused by its size, which has tests of its own. */
const LONGEST = 96 * 1024;

/** What has broken parsers before: nesting, huge numbers, control characters, prototypes, references, half characters. */
const TOKENS: readonly Buffer[] = [
  "\u0000",
  "\u001b[31m",
  "\u202e",
  "\u2028",
  "\r\n",
  "\ufeff",
  "null",
  "true",
  "-1",
  "1e999",
  "9007199254740993",
  "-0",
  "0x10",
  "NaN",
  '""',
  "{}",
  "[]",
  "{",
  "]",
  '"',
  "\\u0000",
  "\\ud800",
  '"__proto__":{"x":1},',
  "constructor",
  "&amp;",
  "&#0;",
  "&#x110000;",
  "&",
  "<a>",
  "</a>",
  "<![CDATA[",
  "<!DOCTYPE a [<!ENTITY b 'c'>]>",
  "<!--",
  "%",
  "%ff",
  "+",
  ".",
  "..",
  "/",
  "&a: *a",
  "*a",
  "!!binary",
  "!!js/function",
  "<<: ",
  "- - - ",
  "? ",
  "|\n",
  "'",
  ": ",
  "#",
  "---\n",
  "\t",
]
  .map((token) => Buffer.from(token))
  .concat([Buffer.from([0xff]), Buffer.from([0xc3]), Buffer.from([0xed, 0xa0, 0x80])]);

/** One or a few small changes to the bytes of a document, at random places. */
export function mutateBytes(random: Random, input: Buffer, corpus: readonly Buffer[]): Buffer {
  let bytes = input;
  for (let change = 0, changes = 1 + below(random, 3); change < changes; change++) {
    bytes = once(random, bytes, corpus);
    if (bytes.length > LONGEST) bytes = bytes.subarray(0, LONGEST);
  }
  return bytes;
}

function once(random: Random, bytes: Buffer, corpus: readonly Buffer[]): Buffer {
  const at = below(random, bytes.length + 1);
  const end = Math.min(bytes.length, at + 1 + below(random, random() < 0.7 ? 12 : 400));
  switch (below(random, 9)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return replaced(bytes, { at, end, by: Buffer.alloc(0) });
    case 2: {
      const flipped = Buffer.from(bytes);
      if (at < flipped.length) flipped[at] = (flipped[at] ?? 0) ^ (1 << below(random, 8));
      return flipped;
    }
    case 3:
      return replaced(bytes, { at, end: at, by: oneOf(random, TOKENS) });
    case 4:
      return replaced(bytes, { at, end, by: oneOf(random, TOKENS) });
    case 5:
      return replaced(bytes, { at, end, by: repeated(bytes.subarray(at, end), 2 + below(random, 30)) });
    case 6: {
      const other = oneOf(random, corpus);
      const from = below(random, other.length + 1);
      return replaced(bytes, { at, end, by: other.subarray(from, from + below(random, 600)) });
    }
    case 7:
      return replaced(bytes, { at, end: at, by: nesting(random) });
    default:
      return numberReplaced(random, bytes);
  }
}

function replaced(
  bytes: Buffer,
  { at, end, by }: { readonly at: number; readonly end: number; readonly by: Buffer },
): Buffer {
  return Buffer.concat([bytes.subarray(0, at), by, bytes.subarray(end)]);
}

function repeated(part: Buffer, times: number): Buffer {
  return Buffer.concat(Array.from({ length: times }, () => part));
}

/** Deep enough to end a recursion that has no bound, now and then. */
function nesting(random: Random): Buffer {
  const depth = random() < 0.9 ? below(random, 100) : below(random, 20_000);
  const [open, close] = oneOf(random, [
    ["[", "]"],
    ['{"a":', "}"],
    ["<a>", "</a>"],
  ] as const);
  return Buffer.from(open.repeat(depth) + (random() < 0.5 ? `0${close.repeat(depth)}` : ""));
}

const NUMBERS = ["-1", "0", "2147483648", "9007199254740993", "1e308", "1e999", "-0.5", "99999999999999999999", "NaN"];

function numberReplaced(random: Random, bytes: Buffer): Buffer {
  const text = bytes.toString("latin1");
  const numbers = [...text.matchAll(/\d+/g)];
  const found = numbers.length === 0 ? undefined : oneOf(random, numbers);
  if (found === undefined) return bytes;
  return replaced(bytes, {
    at: found.index,
    end: found.index + found[0].length,
    by: Buffer.from(oneOf(random, NUMBERS)),
  });
}

export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

export function oneOf<Item>(random: Random, items: readonly Item[]): Item {
  const item = items[below(random, items.length)];
  if (item === undefined) throw new RangeError("there is nothing to choose from");
  return item;
}
