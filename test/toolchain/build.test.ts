import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { projectRoot } from "./source-files.ts";

describe("the build", () => {
  const clone = mkdtempSync(join(tmpdir(), "cordon-build-"));
  const write = (path: string, text: string): void => writeFileSync(join(clone, path), text);
  const build = (...flags: string[]) =>
    spawnSync(process.execPath, ["build.mjs", ...flags], { cwd: clone, encoding: "utf8" });

  copyFileSync(join(projectRoot, "build.mjs"), join(clone, "build.mjs"));
  mkdirSync(join(clone, "node_modules", ".bin"), { recursive: true });
  for (const name of ["esbuild", "zod"]) {
    symlinkSync(join(projectRoot, "node_modules", name), join(clone, "node_modules", name));
  }
  mkdirSync(join(clone, "src", "cli"), { recursive: true });
  write("package.json", '{ "type": "module", "version": "1.2.3" }');
  afterAll(() => rmSync(clone, { recursive: true }));

  it("says which source is missing", () => {
    const { status, stderr } = build();
    expect([status, stderr]).toEqual([1, "src/cli/main.ts is missing: nothing to build cordon.js from.\n"]);
  });

  it("makes a command that npx finds and the system can execute, lazy parts included", () => {
    write("src/cli/main.ts", 'const { greet } = await import("./greet.ts"); greet(process.argv[2] ?? "nobody");');
    write(
      "src/cli/greet.ts",
      'import { z } from "zod"; export const greet = (name: string) => console.log(z.string().parse(name));',
    );
    expect(build().status).toBe(0);
    expect(execFileSync(join(clone, "node_modules", ".bin", "cordon"), ["operator"], { encoding: "utf8" })).toBe(
      "operator\n",
    );
  });

  it("leaves no chunk of an earlier build behind, and replaces its own link", () => {
    write("src/cli/greet.ts", 'export const greet = (name: string) => console.log(name + "!");');
    expect(build().status).toBe(0);
    expect(execFileSync(join(clone, "node_modules", ".bin", "cordon"), ["operator"], { encoding: "utf8" })).toBe(
      "operator!\n",
    );
    expect(readdirSync(join(clone, "dist")).filter((file) => /^cordon-chunk-\w+\.js$/.test(file))).toHaveLength(1);
  });

  it("keeps the command that works when the new source does not compile", () => {
    write("src/cli/greet.ts", "export const greet = (;");
    expect(build().status).toBe(1);
    expect(execFileSync(join(clone, "node_modules", ".bin", "cordon"), ["operator"], { encoding: "utf8" })).toBe(
      "operator!\n",
    );
  });

  it("refuses a flag that it does not know", () => {
    const { status, stderr } = build("--dcos");
    expect([status, stderr]).toEqual([1, "build.mjs does not know --dcos. It takes --bench and --docs.\n"]);
  });
});
