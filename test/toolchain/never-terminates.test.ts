import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { projectRoot, typescriptFiles } from "./source-files.ts";

test("nothing of Cordon sends a call that ends an instance; in the range, which plays AWS, others do", () => {
  const ours = typescriptFiles(projectRoot, ["src"]).filter(
    (file) => !file.startsWith("src/range/") && !file.endsWith(".test.ts"),
  );
  expect(ours.length).toBeGreaterThan(200);
  const senders = ours.filter((file) =>
    /\bTerminateInstance\w*Command\b/.test(readFileSync(join(projectRoot, file), "utf8")),
  );
  expect(senders).toEqual([]);
});
