import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { scenarios } from "../../src/range/range.ts";

const page = readFileSync(new URL("../../docs/drills.md", import.meta.url), "utf8");
const [listed = "", harder = ""] = page.split("| `--variant`");
const rowsOf = (part: string): readonly string[] =>
  [...part.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map(([, name = ""]) => name);

test("docs/drills.md has every scenario, and none that there is not", () => {
  expect(rowsOf(listed).toSorted()).toEqual(scenarios.map(({ id }) => id).toSorted());
});

test("docs/drills.md has every variant, and none that there is not", () => {
  const variants = new Set<string>(scenarios.flatMap((scenario) => scenario.variants));
  expect(rowsOf(harder)).toEqual([...variants].toSorted());
});
