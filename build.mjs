/**
 * Bundles the sources into dist/, one file per entry and shared chunks beside it.
 *
 *     node build.mjs            dist/cordon.js          what `npx cordon` runs; npm runs this as `prepare`
 *     node build.mjs --bench    dist/bench.js
 *     node build.mjs --docs     dist/generate-docs.js
 *
 * Bundled because `cordon --help` must start as fast as bare Node nearly does: one file instead of some hundred.
 * Packages are bundled too: one file is read instead of two thousand. Only libsql stays outside, since it is native.
 * Everything lies flat in dist/, so that `new URL("../playbooks/", import.meta.url)` means the package's own folder
 * in every file, whichever chunk the code ends up in.
 */
import { chmod, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL(".", import.meta.url));
const dist = join(root, "dist");

const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));

const entries = {
  cordon: "src/cli/main.ts",
  bench: "bench/main.ts",
  "generate-docs": "src/cli/generate-docs.ts",
};

const flags = { "--bench": "bench", "--docs": "generate-docs" };

const asked = process.argv.slice(2);
const unknown = asked.filter((flag) => !(flag in flags));
if (unknown.length > 0)
  fail(`build.mjs does not know ${unknown.join(", ")}. It takes ${Object.keys(flags).join(" and ")}.`);

const esbuild = await loadEsbuild();
if (esbuild) {
  const names = asked.length > 0 ? asked.map((flag) => flags[flag]) : ["cordon"];
  for (const name of names) await build(esbuild, name);
}

/** An install without development dependencies runs `prepare` too: it has no esbuild, and needs none when dist/ came with the package. */
async function loadEsbuild() {
  try {
    return await import("esbuild");
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    if (existsSync(join(dist, "cordon.js"))) return null;
    return fail("esbuild is not installed, and dist/cordon.js is not there. Run `npm ci` without --omit=dev.");
  }
}

/** Builds one entry in memory first: a build that fails leaves the dist/ that works. */
async function build({ build: bundle }, name) {
  const source = entries[name];
  if (!existsSync(join(root, source))) fail(`${source} is missing: nothing to build ${name}.js from.`);

  const { outputFiles } = await bundle({
    absWorkingDir: root,
    entryPoints: { [name]: source },
    outdir: "dist",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    external: ["libsql"],
    mainFields: ["module", "main"],
    chunkNames: `${name}-chunk-[hash]`,
    sourcemap: "linked",
    sourcesContent: false,
    // Packages of CommonJS ask for Node's own modules by `require`, which an ES module does not have.
    banner: {
      js: '#!/usr/bin/env node\nimport { createRequire as __createRequire } from "node:module";\nconst require = __createRequire(import.meta.url);',
    },
    define: { CORDON_VERSION: JSON.stringify(version) },
    logLevel: "warning",
    write: false,
  });

  await mkdir(dist, { recursive: true });
  for (const { path, contents } of outputFiles) await replace(path, contents);
  await removeStaleChunks(name, new Set(outputFiles.map(({ path }) => basename(path))));
  await chmod(join(dist, `${name}.js`), 0o755);
  if (name === "cordon") await linkForNpx();
}

/**
 * Puts `cordon` where npx looks first. npm links the bins of installed packages, never the clone's own; without the link
 * npx installs the clone into its cache, which is slow and stays broken when it was first tried before a build.
 * Where a link cannot be made (Windows without the right to), npx still finds the bin that way.
 */
async function linkForNpx() {
  const bin = join(root, "node_modules", ".bin");
  if (!existsSync(bin)) return;
  const temporary = join(bin, `cordon.${process.pid}.tmp`);
  try {
    await symlink(join("..", "..", "dist", "cordon.js"), temporary);
    await rename(temporary, join(bin, "cordon"));
  } catch (error) {
    if (process.platform !== "win32") throw error;
  }
}

/** Renamed into place, so that a process starting at this moment never reads half a file. */
async function replace(path, contents) {
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, contents, { mode: path.endsWith(".js") ? 0o755 : 0o644 });
  await rename(temporary, path);
}

async function removeStaleChunks(name, written) {
  const stale = (await readdir(dist)).filter((file) => file.startsWith(`${name}-chunk-`) && !written.has(file));
  for (const file of stale) await rm(join(dist, file), { force: true });
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
