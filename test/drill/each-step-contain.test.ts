import { expect, test } from "vitest";
import { compare } from "./needs/compare.ts";
import { containmentNeeds } from "./needs/contain.ts";

test.each(containmentNeeds)("$step is needed in $scenario $variants: $why", { timeout: 60_000 }, async (need) => {
  expect(await compare(need)).toEqual({ with: need.with, without: need.without });
});
