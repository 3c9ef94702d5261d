import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { catalogue, CordonError, Refusal } from "./errors.ts";

const entries = Object.entries(catalogue);

/** Every source file but tests and the catalogue itself. */
function sources(): readonly string[] {
  const root = join(import.meta.dirname, "..");
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts") && path !== join("core", "errors.ts"))
    .map((path) => readFileSync(join(root, path), "utf8"));
}

test.each(entries)("%s says what is wrong and what helps, in whole sentences", (_code, { problem, remedy }) => {
  for (const text of [problem, remedy]) {
    expect(text).toMatch(/^([A-Z]|\{|`)/);
    expect(text).toMatch(/(\.|\{problems\}|\{message\}|\{observed\}\.)$/);
    expect(text.length).toBeGreaterThan(15);
  }
});

test("every code of the catalogue is thrown or compared somewhere, so that it holds nothing that cannot happen", () => {
  const text = sources().join("\n");
  expect(entries.map(([code]) => code).filter((code) => !text.includes(`"${code}"`))).toEqual([]);
});

test("every code that is thrown is in the catalogue", () => {
  const thrown = sources().flatMap((text) =>
    [...text.matchAll(/new (?:CordonError|Refusal)\(\s*"([^"]+)"/g)].map(([, code]) => code ?? ""),
  );
  expect(thrown.length).toBeGreaterThan(15);
  expect([...new Set(thrown)].filter((code) => !(code in catalogue))).toEqual([]);
});

test("the particulars fill the holes of problem and remedy", () => {
  const error = new CordonError("case_not_found", { case: "case-7" });
  expect(error.message).toBe("There is no case case-7 in this store.");
  expect(error.remedy).toBe("`cordon cases ls` lists the cases; CORDON_HOME says which store is read.");
  expect(error.exitCode).toBe(2);
  expect(error.name).toBe("CordonError");
});

test("text that came from outside is not searched for holes", () => {
  const error = new CordonError("aws_failed", {
    operation: "{code}",
    resource: "r",
    code: "C",
    message: "$& {operation}",
  });
  expect(error.message).toBe("{code} on r failed: C: $& {operation}");
});

test("a refusal is told apart from a failure", () => {
  const refusal = new Refusal("precondition_unmet", { step: "s", reason: "r" });
  expect(refusal).toBeInstanceOf(CordonError);
  expect(refusal.name).toBe("Refusal");
});
