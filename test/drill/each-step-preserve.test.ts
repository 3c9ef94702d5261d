import { expect, test } from "vitest";
import { compare } from "./needs/compare.ts";
import { preservationNeeds } from "./needs/preserve.ts";

test.each(preservationNeeds)("$step is needed in $scenario $variants: $why", { timeout: 60_000 }, async (need) => {
  expect(await compare(need)).toEqual({ with: need.with, without: need.without });
});
