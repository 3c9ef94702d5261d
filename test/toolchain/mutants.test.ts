import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import mutants from "../mutants.json" with { type: "json" };

describe("the planted faults of npm run mutate", () => {
  it.each(mutants)("'$id' has its place in $file, once", ({ file, find, replace }) => {
    expect(readFileSync(file, "utf8").split(find)).toHaveLength(2);
    expect(replace).not.toBe(find);
  });

  it.each(mutants)("'$id' names tests that are there", ({ tests }) => {
    expect(tests).not.toEqual([]);
    expect(tests.filter((test) => !existsSync(test))).toEqual([]);
  });
});
