/**
 * Everything that must hold before a change is done. CI runs the same.
 *
 *     npm run check                         every part, also after one failed
 *     npm run check -- types linter         these parts only
 *     npm run check -- --except tests       every part but these
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL(".", import.meta.url));
const node = process.execPath;
const tool = (path) => [node, `node_modules/${path}`];
const vitest = [...tool("vitest/vitest.mjs"), "run"];
const toolchain = "test/toolchain";

/** Each part is a list of commands; the part fails with the first that does. */
const parts = {
  formatting: [[...tool("prettier/bin/prettier.cjs"), "--check", "--log-level", "warn", "."]],
  linter: [tool("oxlint/bin/oxlint")],
  types: [[...tool("typescript/bin/tsc"), "-p", "tsconfig.json"]],
  "import-rules": [[...vitest, `${toolchain}/import-rules.test.ts`]],
  "house-rules": [[...vitest, toolchain, "--exclude", `${toolchain}/import-rules.test.ts`]],
  "unused-code": [[...tool("knip/bin/knip.js"), "--no-progress"]],
  tests: [[...vitest, "--exclude", `${toolchain}/**`]],
  "generated-files": existsSync(`${root}src/cli/generate-docs.ts`)
    ? [
        [node, "build.mjs", "--docs"],
        [node, "dist/generate-docs.js", "--check"],
      ]
    : [],
};

const results = chosen(process.argv.slice(2)).map((name) => {
  process.stdout.write(`\n== ${name}\n`);
  const startedAt = performance.now();
  const ok = parts[name].every(
    ([command, ...args]) => spawnSync(command, args, { cwd: root, stdio: "inherit" }).status === 0,
  );
  return { name, ok, seconds: (performance.now() - startedAt) / 1000 };
});

process.stdout.write("\n");
for (const { name, ok, seconds } of results) {
  process.stdout.write(`${ok ? "ok    " : "FAILED"}  ${name.padEnd(16)} ${seconds.toFixed(1).padStart(6)} s\n`);
}
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;

function chosen(args) {
  const except = args[0] === "--except";
  const named = except ? args.slice(1) : args;
  const unknown = named.filter((name) => !Object.hasOwn(parts, name));
  if (unknown.length > 0) {
    process.stderr.write(`There is no part ${unknown.join(", ")}. The parts are ${Object.keys(parts).join(", ")}.\n`);
    process.exit(2);
  }
  if (named.length === 0) return Object.keys(parts);
  return Object.keys(parts).filter((name) => named.includes(name) !== except);
}
