import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "./source-files.ts";

interface Dependency {
  readonly resolved: string;
  readonly dependencyTypes: readonly string[];
}

interface Module {
  readonly source: string;
  readonly dependencies: readonly Dependency[];
}

interface Cruise {
  readonly modules: readonly Module[];
  readonly summary: {
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string };
    }[];
  };
}

/** Follows every import from these folders of `root`, under the project's own rules. */
export function cruise(root: string, folders: readonly string[]): Cruise {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      join(projectRoot, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs"),
      "--config",
      join(projectRoot, ".dependency-cruiser.mjs"),
      "--output-type",
      "json",
      ...folders.filter((folder) => existsSync(join(root, folder))),
    ],
    { cwd: root, encoding: "utf8", maxBuffer: 256 * 1024 * 1024 },
  );
  if (!stdout.startsWith("{")) throw new Error(`dependency-cruiser did not run: ${stderr}${stdout}`);
  return JSON.parse(stdout) as Cruise;
}

/** The broken rules, one line each. */
export function brokenRules({ summary }: Cruise): readonly string[] {
  return summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`).toSorted();
}

/** The files that a module runs, itself included, over all its imports; types cost nothing and are left out. */
export function runsWith({ modules }: Cruise, folder: string): ReadonlySet<string> {
  const imports = new Map(modules.map(({ source, dependencies }) => [source, dependencies]));
  const reached = new Set(modules.map(({ source }) => source).filter((source) => isCodeOf(folder, source)));
  for (const source of reached) {
    for (const { resolved, dependencyTypes } of imports.get(source) ?? []) {
      if (resolved.startsWith("src/") && !dependencyTypes.includes("type-only")) reached.add(resolved);
    }
  }
  return reached;
}

function isCodeOf(folder: string, source: string): boolean {
  return source.startsWith(folder) && !source.endsWith(".test.ts");
}
