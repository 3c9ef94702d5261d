import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Playbook } from "../core/playbook.ts";
import { assertDistinct } from "../playbooks/choose.ts";
import { readPlaybook } from "../playbooks/read.ts";
import { registry } from "./compose.ts";

/** A playbook, and the file it was read from. */
export interface PlaybookSource {
  readonly playbook: Playbook;
  readonly file: string;
}

/** The playbooks that Cordon ships, and those in `playbooks/` of CORDON_HOME. */
export function loadPlaybooks(home: string): readonly PlaybookSource[] {
  const folders = [shippedFolder(), join(home, "playbooks")];
  const sources = folders.flatMap((folder) =>
    filesIn(folder).map((file) => ({ file, playbook: readPlaybookFile(file) })),
  );
  assertDistinct(sources.map(({ playbook }) => playbook));
  return sources;
}

/** @throws CordonError `playbook_invalid`, with every problem and its line */
export function readPlaybookFile(file: string): Playbook {
  return readPlaybook(readFileSync(file, "utf8"), { file, steps: registry.values() });
}

/** Beside dist/ when bundled, two folders up when it runs from source. */
function shippedFolder(): string {
  const here = fileURLToPath(new URL(".", import.meta.url));
  const candidates = [join(here, "..", "playbooks"), join(here, "..", "..", "playbooks")];
  const found = candidates.find((folder) => filesIn(folder).length > 0);
  if (found === undefined) throw new Error(`the shipped playbooks are missing; looked in ${candidates.join(" and ")}`);
  return found;
}

function filesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".yaml"))
    .toSorted()
    .map((name) => join(folder, name));
}
