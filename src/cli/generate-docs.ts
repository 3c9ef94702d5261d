import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { referencePages } from "./render/reference.ts";

/**
 * Writes docs/reference/ from the registry, the catalogue of errors and the command line.
 *
 *     node dist/generate-docs.js            writes the pages
 *     node dist/generate-docs.js --check    exits 1 where a page is not what it would write
 */
const isCheck = process.argv.includes("--check");
const folder = join("docs", "reference");
const pages = referencePages();

const stale = Object.entries(pages).filter(([name, text]) => {
  const file = join(folder, name);
  if (existsSync(file) && readFileSync(file, "utf8") === text) return false;
  if (!isCheck) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return true;
});

for (const [name] of stale) process.stderr.write(`${isCheck ? "stale" : "wrote"} ${join(folder, name)}\n`);
if (isCheck && stale.length > 0) {
  process.stderr.write("`npm run docs` writes them.\n");
  process.exitCode = 1;
}
