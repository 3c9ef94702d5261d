import { expect, test } from "vitest";
import { matchesPattern } from "./pattern.ts";

test.each([
  ["A:*", "A:B", true],
  ["A:*C", "A:C", true],
  ["A:*C*E", "A:BCDE", true],
  ["AB*BC", "ABC", false],
  ["A", "AB", false],
  ["*", "", true],
])("the pattern %s against %s: %s", (pattern, text, expected) => {
  expect(matchesPattern(pattern, text)).toBe(expected);
});
