import { readdirSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { SHARES } from "./budget.ts";
import { faultOf, keptInputs } from "./campaign.ts";
import { answers } from "./targets/answers.ts";
import { chunks } from "./targets/chunks.ts";
import { configuration, findings, playbooks } from "./targets/documents.ts";
import { journals } from "./targets/journals.ts";
import { printed } from "./targets/printed.ts";
import { requests } from "./targets/requests.ts";

const targets = [answers, chunks, configuration, findings, journals, playbooks, printed, requests];

test("every kind of input is fed, and every kept one belongs to a kind", () => {
  const names = targets.map(({ name }) => name);
  expect(names.toSorted()).toEqual(Object.keys(SHARES).toSorted());
  const entries = readdirSync(new URL("regressions/", import.meta.url), { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  expect(folders.filter((folder) => !(names as readonly string[]).includes(folder))).toEqual([]);
});

const kept = targets.flatMap((target) =>
  keptInputs(target.name).map((each) => ({ ...each, target, name: target.name })),
);

describe("inputs that once were not taken well", () => {
  beforeAll(async () => {
    for (const target of new Set(kept.map((each) => each.target))) await target.prepare(); // Recordings take time of their own.
  }, 120_000);

  test.each(kept)("$name $file is taken well", async ({ target, input }) => {
    expect((await faultOf(target, input))?.what ?? "").toBe("");
  });
});
