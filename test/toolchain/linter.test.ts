import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { projectRoot } from "./source-files.ts";

interface Report {
  readonly diagnostics: readonly { readonly code: string; readonly filename: string }[];
}

/** One fault per file. A rule that oxlint renames, or that its type-aware half no longer runs, is silent otherwise. */
const planted: Readonly<Record<string, string>> = {
  "src/engine/default-export.ts": "export default 1;",
  "src/engine/any.ts": "export const a: any = 1;",
  "src/engine/bang.ts": "export const first = (list: readonly string[]): string => list[0]!;",
  "src/engine/bang.test.ts": "export const first = (list: readonly string[]): string => list[0]!;",
  "src/engine/floating.ts":
    "const later = async (): Promise<void> => {};\nexport const start = (): void => {\n  later();\n};",
  "src/engine/switch.ts":
    'export function word(of: "a" | "b"): string {\n  switch (of) {\n    case "a":\n      return "x";\n  }\n  return "";\n}',
  "src/engine/long.ts": "export const a = 1;\n".padEnd(400, "\n"),
  "src/engine/long-function.ts": `export function f(): void {\n${"  void 0;\n".repeat(61)}}`,
  "src/engine/camelCase.ts": "export const a = 1;",
  "src/engine/mock.test.ts": 'import { vi } from "vitest";\nvi.mock("./any.ts");',
  "src/engine/spy.test.ts": 'import { vi } from "vitest";\nvi.spyOn(Math, "abs");',
  "src/engine/console.ts": 'console.log("a");',
  "src/cli/console.ts": 'console.log("a");',
};

describe("the linter", () => {
  const root = mkdtempSync(join(tmpdir(), "cordon-linter-"));
  for (const [path, text] of Object.entries(planted)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${text}\n`);
  }
  symlinkSync(join(projectRoot, ".oxlintrc.json"), join(root, ".oxlintrc.json"));
  // The project's own names packages of types, which are not installed here.
  writeFileSync(
    join(root, "tsconfig.json"),
    '{ "compilerOptions": { "strict": true, "noUncheckedIndexedAccess": true, "target": "ES2023", "module": "NodeNext", "noEmit": true, "types": [] }, "include": ["src"] }',
  );
  afterAll(() => rmSync(root, { recursive: true }));

  it("refuses each fault that the house rules leave to it", () => {
    const oxlint = join(projectRoot, "node_modules/oxlint/bin/oxlint");
    const { stdout } = spawnSync(process.execPath, [oxlint, "--format", "json", "src"], {
      cwd: root,
      encoding: "utf8",
      // Its type-aware half is found on the path, as npm sets it.
      env: { ...process.env, PATH: `${join(projectRoot, "node_modules/.bin")}:${process.env["PATH"] ?? ""}` },
    });
    const { diagnostics } = JSON.parse(stdout) as Report;
    expect(diagnostics.map(({ filename, code }) => `${filename}: ${code}`).toSorted()).toEqual([
      "src/engine/any.ts: typescript(no-explicit-any)",
      "src/engine/bang.ts: typescript(no-non-null-assertion)",
      "src/engine/camelCase.ts: unicorn(filename-case)",
      "src/engine/console.ts: eslint(no-console)",
      "src/engine/default-export.ts: import(no-default-export)",
      "src/engine/floating.ts: typescript(no-floating-promises)",
      "src/engine/long-function.ts: eslint(max-lines-per-function)",
      "src/engine/long.ts: eslint(max-lines)",
      "src/engine/mock.test.ts: vitest(no-restricted-vi-methods)",
      "src/engine/spy.test.ts: vitest(no-restricted-vi-methods)",
      "src/engine/switch.ts: typescript(switch-exhaustiveness-check)",
    ]);
  });
});
