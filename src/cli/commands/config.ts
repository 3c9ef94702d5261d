import { existsSync } from "node:fs";
import { readConfig } from "../../config/read.ts";
import { configPath, readNamedFile } from "../environment.ts";
import type { Output } from "../output.ts";

/** Reads the configuration and names every problem with its line. */
export async function validateConfig(output: Output, named: string | undefined): Promise<number> {
  const file = named ?? configPath();
  const isThere = named !== undefined || existsSync(file);
  const config = readConfig(isThere ? readNamedFile(file, { command: "config validate" }) : null, process.env, file);
  await output.result({ file, exists: isThere, valid: true, config }, () => [
    isThere ? `${file}: valid` : `${file} is not there: everything is at its default, and nobody may approve.`,
  ]);
  return 0;
}

/** Prints the configuration as Cordon sees it: the file, and the environment over it. */
export async function showConfig(output: Output): Promise<number> {
  const file = configPath();
  const config = readConfig(
    existsSync(file) ? readNamedFile(file, { command: "config show" }) : null,
    process.env,
    file,
  );
  const { stringify } = await import("yaml");
  await output.result(config, () => [
    `# ${file}${existsSync(file) ? "" : " (not there: defaults)"}`,
    stringify(config).trimEnd(),
  ]);
  return 0;
}
