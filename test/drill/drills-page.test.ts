import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { scenarios } from "../../src/range/range.ts";

const page = readFileSync(new URL("../../docs/drills.md", import.meta.url), "utf8");

test("docs/drills.md has every scenario, and none that there is not", () => {
  const rows = [...page.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map(([, id]) => id);
  expect(rows.toSorted()).toEqual(scenarios.map(({ id }) => id).toSorted());
});
