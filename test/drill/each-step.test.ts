import { expect, test } from "vitest";
import { readFileSync } from "node:fs";
import { registry } from "../../src/cli/compose.ts";
import { scenarios } from "../../src/range/range.ts";
import { needs } from "./needs/all.ts";

test("each step has a staged attack that needs it", () => {
  const needed = new Set(needs.map(({ step }) => step));
  expect([...registry.keys()].filter((id) => !needed.has(id))).toEqual([]);
});

test("no row is of a step that there is not", () => {
  expect(needs.map(({ step }) => step).filter((id) => !registry.has(id))).toEqual([]);
});

test("with the step the drill ends otherwise than without it, in a scenario that there is", () => {
  for (const need of needs) {
    expect(need.with).not.toBe(need.without);
    const scenario = scenarios.find(({ id }) => id === need.scenario);
    expect(scenario?.variants).toEqual(expect.arrayContaining([...need.variants]));
  }
});

test("docs/drills.md says which scenario needs which step", () => {
  const page = readFileSync(new URL("../../docs/drills.md", import.meta.url), "utf8");
  const [, table = ""] = page.split("## What each step is needed for");
  const rows = [...table.matchAll(/^\| `([a-z.-]+)` \| `(.+)` \| (.+) \|$/gm)].map(([, ...cells]) => cells);
  expect(rows).toEqual(
    needs.map(({ step, scenario, variants, why }) => [
      step,
      [scenario, ...variants.map((variant) => `--variant ${variant}`)].join(" "),
      why,
    ]),
  );
});
