import { CordonError } from "../core/errors.ts";
import { routesOf, tagsOf } from "../core/route-file.ts";
import { describeProblems, readYaml } from "../documents/yaml.ts";
import { accountsOf, evidenceOf } from "./accounts.ts";
import type { Config } from "./config.ts";
import { configFile } from "./config.ts";
import { memoryOf } from "./memory.ts";
import { workstationOf } from "./workstation.ts";

/** Variables that take the place of a key. Lists are written with commas. */
const variables = [
  ["CORDON_PURPOSE", "purpose", (text: string): unknown => text],
  ["CORDON_PLAYBOOK", "playbook", (text: string): unknown => text],
  ["CORDON_AUTONOMY", "autonomy", (text: string): unknown => text],
  [
    "CORDON_NEVER_DENY",
    "neverDeny",
    (text: string): unknown =>
      text
        .split(",")
        .map((each) => each.trim())
        .filter((each) => each !== ""),
  ],
] as const;

/**
 * Reads the configuration: the file's text (null where there is none), then the environment over it.
 *
 * @throws CordonError `config_invalid` with the line of every problem, or the name of the variable
 */
export function readConfig(
  text: string | null,
  env: Readonly<Record<string, string | undefined>>,
  file = "cordon.yaml",
): Config {
  const isEmpty = text === null || text.split("\n").every((line) => /^\s*(#.*)?$/.test(line));
  const read = readYaml(isEmpty ? "{}" : text, configFile);
  if (read.value === null) throw new CordonError("config_invalid", { file, problems: describeProblems(read.problems) });

  const overrides: Record<string, unknown> = {};
  for (const [name, key, parse] of variables) {
    const value = env[name];
    if (value === undefined || value === "") continue;
    const one = configFile.shape[key].safeParse(parse(value));
    if (!one.success) {
      throw new CordonError("config_invalid", { file: name, problems: one.error.issues[0]?.message ?? "not a value" });
    }
    overrides[key] = one.data;
  }
  const merged = { ...read.value, ...overrides };
  return {
    ...merged,
    exempt: { ...merged.exempt, tags: tagsOf(merged.exempt.tags) },
    routes: routesOf(merged.routes),
    collectionProfile: merged.collectionProfile ?? null,
    vault: merged.vault ?? null,
    accounts: accountsOf(merged.accounts),
    evidence: evidenceOf(merged.evidence),
    memory: memoryOf(merged.memory),
    workstation: workstationOf(merged.workstation),
    playbook: merged.playbook ?? null,
    autonomy: merged.autonomy ?? null,
  };
}
