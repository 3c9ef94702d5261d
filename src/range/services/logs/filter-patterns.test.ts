import { expect, test } from "vitest";
import { matcherOf } from "./filter-patterns.ts";

test("a pattern for space-delimited events lets through what has as many fields, and the words that it asks for", () => {
  const notRejected = matcherOf('[f0, action != "REJECT", f2]');
  expect(["a ACCEPT b", "a - b", "a REJECT b", "a ACCEPT", "a ACCEPT b c"].map(notRejected)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
  expect(["a 6", "a 17"].map(matcherOf("[f0, protocol = 6]"))).toEqual([true, false]);
});

test.each(["REJECT", "[a, b > 3]", "[a, ..., b]", "[a = 4*]", "{ $.a = 1 }"])("the range refuses %s", (pattern) => {
  expect(() => matcherOf(pattern)).toThrow("The range does not know this filter pattern.");
});
