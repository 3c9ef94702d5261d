import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { steps } from "../../src/steps/index.ts";

test("Every step keeps the contract: it has a line here", () => {
  const files = readdirSync(new URL(".", import.meta.url));
  const without = steps.map(({ id }) => id.split(".")[1] ?? id).filter((noun) => !files.includes(`${noun}.test.ts`));
  expect(without).toEqual([]);
});
