import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { registry } from "../src/cli/compose.ts";
import type { Playbook } from "../src/core/playbook.ts";
import { readPlaybook } from "../src/playbooks/read.ts";

/** The shipped playbooks; benches run from the root of the package. */
export function shippedPlaybooks(): readonly Playbook[] {
  return readdirSync("playbooks")
    .filter((file) => file.endsWith(".yaml"))
    .sort()
    .map((file) => readPlaybook(readFileSync(join("playbooks", file), "utf8"), { file, steps: registry.values() }));
}
