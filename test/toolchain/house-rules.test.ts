import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { violationsOf } from "./house-rules.ts";
import { projectRoot, typescriptFiles } from "./source-files.ts";

const problems = (path: string, text: string): readonly string[] =>
  violationsOf(path, text).map(({ problem }) => problem);

describe("the rules of the house", () => {
  it("hold in every file of src, bench and test", () => {
    const found = typescriptFiles(projectRoot, ["src", "bench", "test"])
      .flatMap((path) => violationsOf(path, readFileSync(join(projectRoot, path), "utf8")))
      .map(({ path, line, problem }) => `${path}:${line} ${problem}`);
    expect(found).toEqual([]);
  });

  it.each([
    ["const a = process.env.HOME;", "process.env reads the environment"],
    ['const a = process["env"];', "process.env reads the environment"],
    ["const { env } = process;", "process.env reads the environment"],
    ['import { env } from "node:process";', "env of node:process reads the environment"],
    ["const a = Date.now();", "Date.now reads the clock"],
    ["const a = globalThis.Date.now();", "Date.now reads the clock"],
    ["const a = new Date();", "new Date() reads the clock"],
    ["const a = new Date;", "new Date() reads the clock"],
    ["const a = Math.random();", "Math.random draws a random number"],
    ["const draw = options.random ?? Math.random;", "Math.random draws a random number"],
    ['import { createHash, randomUUID as id } from "node:crypto";', "randomUUID of node:crypto draws a random number"],
    ["setTimeout(() => {}, 5);", "setTimeout starts a timer"],
    ["const wait = setTimeout;", "setTimeout starts a timer"],
    [
      'import { setTimeout as sleep } from "node:timers/promises";',
      "setTimeout of node:timers/promises starts a timer",
    ],
    ["const signal = AbortSignal.timeout(5);", "AbortSignal.timeout starts a timer"],
  ])("refuse `%s` outside the composition roots", (text, problem) => {
    expect(problems("src/engine/perform.ts", text)).toEqual([
      `${problem}: only a composition root may, everybody else is handed it`,
    ]);
    for (const root of ["src/cli/main.ts", "bench/engine.ts", "test/e2e/drill.test.ts", "src/core/clock.ts"]) {
      expect(problems(root, text)).toEqual([]);
    }
  });

  it("let code name a given time, a member or a comment that only sounds like the machine's clock", () => {
    const text = [
      "const at = new Date(clock.now());",
      "socket.setTimeout(5);",
      "const options = { setTimeout: 5 };",
      "// Never Date.now() here.",
      'const text = "Math.random()";',
      "export const env = context.env;",
    ].join("\n");
    expect(problems("src/engine/perform.ts", text)).toEqual([]);
  });

  it("let a test beside its file wait for a process, but not depend on the time of day or on chance", () => {
    expect(problems("src/store/sqlite.test.ts", "setTimeout(kill, 5); spawn(node, { env: process.env });")).toEqual([]);
    expect(problems("src/store/sqlite.test.ts", "const a = Math.random();")).toEqual([
      "Math.random draws a random number: only a composition root may, everybody else is handed it",
    ]);
  });

  it.each([
    ["src/engine/decideActs.ts", '"decideActs" is not kebab-case'],
    ["src/Engine/decide.ts", '"Engine" is not kebab-case'],
    ["src/engine/utils/sort.ts", '"utils" says nothing: a thing lives with its noun'],
    ["src/engine/helpers.ts", '"helpers" says nothing: a thing lives with its noun'],
  ])("refuse the name %s", (path, problem) => {
    expect(problems(path, "export const a = 1;")).toEqual([problem]);
  });

  it("refuse a barrel file, by its name or by what it does, everywhere but at the door of the steps", () => {
    const problem = "a barrel file: import the thing from the file it is in (src/steps/index.ts is the only door)";
    expect(problems("src/engine/index.ts", "export const a = 1;")).toEqual([problem]);
    expect(problems("src/engine/everything.ts", 'export * from "./decide.ts";')).toEqual([problem]);
    expect(problems("src/steps/index.ts", 'export * from "./contain/stop.ts";')).toEqual([]);
  });
});
