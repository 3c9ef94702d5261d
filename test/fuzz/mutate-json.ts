import type { Json } from "../../src/core/json.ts";
import type { Random } from "../../src/range/world/random.ts";
import { below, oneOf } from "./mutate-text.ts";

/** Stands for nesting that is written into the text: a value that deep could not be written by recursion. */
const DEEP = "\u0001deep\u0001";

/** Values of every kind that do not belong where they are put. */
const STRANGE: readonly Json[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  9_007_199_254_740_992,
  1e308,
  "",
  "x",
  "\u0000\u001b]0;title\u0007",
  "\u202egnp.exe",
  "\ud800",
  "i-0123456789abcdef0",
  "2026-99-99T99:99:99Z",
  "-271821-04-20T00:00:00.000Z",
  "{not json",
  "%zz",
  "__proto__",
  "a".repeat(5000),
  [],
  [null],
  [[]],
  {},
  { length: 1e9 },
  { toString: null },
  DEEP,
];

const NAMES = ["__proto__", "constructor", "toString", "length", "", "a b", "\u0000", "then", "hasOwnProperty"];

interface Place {
  readonly holder: Record<string, Json>;
  readonly key: string;
}

/** One or a few members of a document lost, turned into something else, renamed or grafted from another document. */
export function mutateJson(random: Random, document: Json, corpus: readonly Json[]): string {
  const root: Record<string, Json> = { document: copyOf(document) };
  for (let change = 0, changes = 1 + below(random, 3); change < changes; change++) {
    const places = placesIn(root);
    if (places.length > 0) changeOne(random, oneOf(random, places), corpus);
  }
  const text = JSON.stringify(root["document"] ?? null);
  const depth = below(random, 20_000);
  return text.replaceAll(JSON.stringify(DEEP), () => `${"[".repeat(depth)}${"]".repeat(depth)}`);
}

function changeOne(random: Random, { holder, key }: Place, corpus: readonly Json[]): void {
  const value = holder[key] as Json;
  switch (below(random, 6)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
      return;
    case 1:
      holder[key] = copyOf(oneOf(random, STRANGE));
      return;
    case 2:
      if (Array.isArray(value)) holder[key] = [...(value as readonly Json[]), ...(value as readonly Json[])];
      else holder[key] = [value];
      return;
    case 3:
      if (Array.isArray(holder)) return;
      // An own member of that name, as JSON.parse makes it, and no prototype.
      Object.defineProperty(holder, oneOf(random, NAMES), {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      });
      return;
    case 4: {
      const from: Record<string, Json> = { document: oneOf(random, corpus) };
      const grafted = oneOf(random, placesIn(from));
      holder[key] = copyOf(grafted.holder[grafted.key] as Json);
      return;
    }
    default:
      holder[key] =
        typeof value === "string"
          ? value.slice(0, below(random, value.length + 1)) + oneOf(random, NAMES) + value.slice(below(random, 5))
          : typeof value === "number"
            ? value * oneOf(random, [-1, 1e6, 1e300, 0.1])
            : copyOf(oneOf(random, STRANGE));
  }
}

const MOST_PLACES = 3000;

/** Every place in a document, its root among them. */
function placesIn(root: Record<string, Json>): readonly Place[] {
  const places: Place[] = [];
  const open: Record<string, Json>[] = [root];
  for (let holder = open.pop(); holder !== undefined && places.length < MOST_PLACES; holder = open.pop()) {
    for (const key of Object.keys(holder)) {
      places.push({ holder, key });
      const value = holder[key];
      if (typeof value === "object" && value !== null) open.push(value as Record<string, Json>);
    }
  }
  return places;
}

/** Faster than `structuredClone`, and these are nothing but JSON. */
function copyOf(value: Json): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}
