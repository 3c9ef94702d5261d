import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unavailable } from "./requirement.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** A suite whose tools come from Python's package index. */
export type PythonSuite = "foreign" | "conformance";

/** The path of a program that the suite's setup installed. */
export function pythonTool(suite: PythonSuite, program: string): string {
  return join(root, `.venv-${suite}`, "bin", program);
}

/** Why the suite cannot run here, told as `unavailable` does; null where it can. */
export function missingPythonTools(suite: PythonSuite): string | null {
  const installed = join(root, `.venv-${suite}`, "requirements.txt");
  const wanted = readFileSync(join(root, "test", suite, "requirements.txt"), "utf8");
  const command = suite === "foreign" ? "test/foreign/setup.sh" : `test/foreign/setup.sh ${suite}`;
  if (!existsSync(installed)) return unavailable(suite, `its Python packages are not installed; ${command} does that`);
  if (readFileSync(installed, "utf8") !== wanted)
    return unavailable(suite, `other Python packages are installed than it wants; ${command} changes them`);
  return null;
}
