import { expect, test } from "vitest";
import { jsonFault } from "./json-position.ts";

test.each([
  ['{"a":}', 1, 6, '"}"'],
  ['{"a": 1,\n "b" 2}', 2, 6, '"2"'],
  ['{"a": "bell \u0007"}', 1, 13, "the control character U+0007"],
  ["{'a': 1}", 1, 2, '"\'"'],
  ['{"a": [1, 2', 1, 12, "the end of the text"],
  ['{"a": 1} trailing', 1, 10, '"t"'],
  ['{"a": 01}', 1, 8, '"1"'],
  ['{"a": "\\x"}', 1, 8, '"\\\\"'],
  ["[1,]", 1, 4, '"]"'],
  ['{"a": nul}', 1, 7, '"n"'],
  ["\u{feff}{}", 1, 1, "the control character U+FEFF"],
])("%j stops being JSON at %i:%i", (text, line, column, found) => {
  expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
  expect(jsonFault(text)).toEqual({ line, column, found });
});

test.each(['{"a":[1,-2.5e3,true,null,"x\\u0041\\n"],"b":{}}', " [ ] ", '"text"', "0"])("%j is JSON", (text) => {
  JSON.parse(text);
  expect(jsonFault(text)).toBeNull();
});

test("a text that is nested a million deep is read to its fault", () => {
  expect(jsonFault("[".repeat(1_000_000))?.column).toBe(1_000_001);
});
