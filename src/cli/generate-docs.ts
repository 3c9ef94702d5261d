import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { configJsonSchema } from "../config/config.ts";
import { playbookJsonSchema } from "../playbooks/schema.ts";
import { drillJsonSchema } from "./drill/result.ts";
import { referencePages } from "./render/reference.ts";
import { readPlaybookFile } from "./shipped.ts";

/**
 * Writes docs/reference/ from the registry, the catalogue of errors and the command line, and schemas/ from the shapes.
 *
 *     node dist/generate-docs.js            writes the pages
 *     node dist/generate-docs.js --check    exits 1 where a page is not what it would write
 */
const playbooks = readdirSync("playbooks")
  .filter((name) => name.endsWith(".yaml"))
  .sort()
  .map((name) => readPlaybookFile(join("playbooks", name)));
const isCheck = process.argv.includes("--check");
const pages = {
  ...Object.fromEntries(
    Object.entries(referencePages({ playbooks, commentOf })).map(([name, text]) => [
      join("docs", "reference", ...name.split("/")),
      text,
    ]),
  ),
  [join("schemas", "config.schema.json")]: configJsonSchema(),
  [join("schemas", "drill.schema.json")]: drillJsonSchema(),
  [join("schemas", "playbook.schema.json")]: playbookJsonSchema(),
};

const stale = Object.entries(pages).filter(([file, text]) => {
  if (existsSync(file) && readFileSync(file, "utf8") === text) return false;
  if (!isCheck) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return true;
});

for (const [name] of stale) process.stderr.write(`${isCheck ? "stale" : "wrote"} ${name}\n`);
if (isCheck && stale.length > 0) {
  process.stderr.write("`npm run docs` writes them.\n");
  process.exitCode = 1;
}

/**
 * The comment above a step's definition, in its file.
 *
 * @throws Error when there is none: a step without a reason is not finished.
 */
function commentOf(id: string): string {
  const file = `${join("src", "steps", ...id.split("."))}.ts`;
  const found = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*export const \w+ = define/.exec(readFileSync(file, "utf8"));
  if (!found?.[1]) throw new Error(`${file} has no comment above its definition`);
  return found[1]
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, ""))
    .join("\n")
    .trim();
}
