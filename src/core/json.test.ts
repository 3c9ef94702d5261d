import { expect, test } from "vitest";
import { canonicalJson, sameJson, sha256 } from "./json.ts";

/** Inputs and outputs of RFC 8785, https://www.rfc-editor.org/rfc/rfc8785 */
test("the example of RFC 8785 section 3.2.2 is spelled as the RFC spells it", () => {
  const value = {
    numbers: [Number("333333333.33333329"), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
    string: "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"/",
    literals: [null, true, false],
  };
  expect(canonicalJson(value)).toBe(
    String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
  );
});

test("members are sorted by UTF-16 code units, as RFC 8785 section 3.2.3 sorts them", () => {
  const value = {
    "\u20ac": "Euro Sign",
    "\r": "Carriage Return",
    "\ufb33": "Hebrew Letter Dalet With Dagesh",
    "1": "One",
    "\ud83d\ude00": "Emoji: Grinning Face",
    "\u0080": "Control",
    "\u00f6": "Latin Small Letter O With Diaeresis",
  };
  expect([...canonicalJson(value).matchAll(/:"([^"]+)"/g)].map(([, name]) => name)).toEqual([
    "Carriage Return",
    "One",
    "Control",
    "Latin Small Letter O With Diaeresis",
    "Euro Sign",
    "Emoji: Grinning Face",
    "Hebrew Letter Dalet With Dagesh",
  ]);
});

test.each([
  [0, "0"],
  [-0, "0"],
  [5e-324, "5e-324"],
  [-1.7976931348623157e308, "-1.7976931348623157e+308"],
  [9007199254740992, "9007199254740992"],
  [295147905179352830000, "295147905179352830000"],
  [9.999999999999997e22, "9.999999999999997e+22"],
  [0.000001, "0.000001"],
])("the number %d is written %s (RFC 8785 appendix B)", (number, text) => {
  expect(canonicalJson(number)).toBe(text);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  "%d has no JSON form and is refused",
  (number) => {
    expect(() => canonicalJson({ deep: [number] })).toThrow(/has no JSON form/);
  },
);

test("a member that is undefined is left out, as JSON does", () => {
  expect(canonicalJson({ b: undefined, a: 1 } as never)).toBe('{"a":1}');
});

test("order decides in lists and not in objects", () => {
  expect(sameJson({ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 })).toBe(true);
  expect(sameJson([1, 2], [2, 1])).toBe(false);
  expect(sameJson({ a: null }, {})).toBe(false);
});

test("text is hashed as UTF-8, in lower-case hex", () => {
  expect(sha256("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect(sha256("é")).toBe(sha256(new Uint8Array([0xc3, 0xa9])));
});
