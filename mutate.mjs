/**
 * Plants one fault after the other and says which of them the tests notice. A job of its own beside CI: it takes minutes.
 *
 *     npm run mutate                      every fault of test/mutants.json
 *     npm run mutate -- approve lease     those whose name has one of these words
 *
 * The faults are planted in a copy of the tree. Ends with 1 if a fault survives or its place in the source is gone.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL(".", import.meta.url));
const words = process.argv.slice(2).map((word) => word.toLowerCase());
const all = JSON.parse(readFileSync(join(root, "test/mutants.json"), "utf8"));
const chosen = words.length === 0 ? all : all.filter(({ id }) => words.some((word) => id.toLowerCase().includes(word)));
if (chosen.length === 0) {
  process.stderr.write(`No fault has one of these words: ${words.join(", ")}.\n`);
  process.exit(2);
}

const copy = mkdtempSync(join(tmpdir(), "cordon-mutants-"));
process.once("exit", () => rmSync(copy, { recursive: true, force: true }));
for (const name of ["src", "test", "playbooks", "schemas", "docs", "package.json", "tsconfig.json", "vitest.config.ts"])
  cpSync(join(root, name), join(copy, name), { recursive: true });
symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));

/** Whether a list of tests passes without a fault. */
const green = new Map();
const results = chosen.map((mutant) => {
  const outcome = outcomeOf(mutant);
  process.stdout.write(`${outcome.padEnd(9)} ${mutant.id}\n`);
  return outcome;
});
const killed = results.filter((outcome) => outcome === "killed").length;
process.stdout.write(`\n${killed} of ${results.length} killed\n`);
process.exitCode = killed === results.length ? 0 : 1;

function outcomeOf({ file, find, replace, tests }) {
  const path = join(copy, file);
  const source = readFileSync(path, "utf8");
  if (source.split(find).length !== 2) return "no place";
  // Tests that fail anyway, or do not run, notice nothing.
  if (!isGreen(tests)) return "no test";
  writeFileSync(
    path,
    source.replace(find, () => replace),
  );
  const status = statusOf(tests);
  writeFileSync(path, source);
  return status === 0 ? "SURVIVED" : "killed";
}

function isGreen(tests) {
  const key = tests.join(" ");
  if (!green.has(key)) green.set(key, tests.every((test) => existsSync(join(root, test))) && statusOf(tests) === 0);
  return green.get(key);
}

function statusOf(tests) {
  const args = ["node_modules/vitest/vitest.mjs", "run", "--bail", "1", ...tests];
  return spawnSync(process.execPath, args, { cwd: copy, stdio: "ignore", timeout: 600_000 }).status;
}
