import type { Playbook } from "../../core/playbook.ts";
import { CordonError } from "../../core/errors.ts";
import { warningsOf } from "../../playbooks/warnings.ts";
import { homePath, readNamedFile } from "../environment.ts";
import { type Output, tableLines } from "../output.ts";
import { loadPlaybooks, readPlaybookFile } from "../shipped.ts";

/** Lists the playbooks: those that Cordon ships, and those in CORDON_HOME. */
export async function listPlaybooks(output: Output): Promise<number> {
  const sources = loadPlaybooks(homePath());
  const documents = sources.map(({ playbook: { id, title, autonomy, answers, stages }, file }) => ({
    id,
    title,
    autonomy,
    answers,
    stages: stages.map((stage) => stage.id),
    file,
  }));
  await output.result(documents, () =>
    tableLines(
      ["PLAYBOOK", "AUTONOMY", "STAGES", "TITLE"],
      documents.map(({ id, autonomy, stages, title }) => [id, autonomy, stages.join(" > "), title]),
    ),
  );
  return 0;
}

export async function showPlaybook(output: Output, id: string): Promise<number> {
  const source = loadPlaybooks(homePath()).find(({ playbook }) => playbook.id === id);
  if (!source) throw new CordonError("playbook_not_found", { id });
  await output.result(source.playbook, () => playbookLines(source.playbook, source.file));
  return 0;
}

function playbookLines({ id, title, autonomy, answers, stages }: Playbook, file: string): readonly string[] {
  return [
    `${id}: ${title}`,
    `  file      ${file}`,
    `  autonomy  ${autonomy}`,
    `  answers   ${answers.join(", ") || "no finding by itself; choose it by name"}`,
    ...stages.flatMap(({ id: stage, steps, approval, onFailure, alongside }) => [
      `  stage ${stage}${alongside ? ", alongside the next" : ""}${approval ? `: asks ${approval.required} of ${approval.of} within ${approval.within / 60_000} min${approval.always ? ", always" : ""}; then ${approval.onTimeout}` : ""}${onFailure === "continue" ? "; goes on after a failure" : ""}`,
      ...steps.map(
        ({ use, with: input }) => `    ${use}${Object.keys(input).length === 0 ? "" : ` ${JSON.stringify(input)}`}`,
      ),
    ]),
  ];
}

/** Reads playbook files and names every problem with its line. */
export async function validatePlaybooks(output: Output, files: readonly string[]): Promise<number> {
  for (const file of files) readNamedFile(file === "-" ? "./-" : file, { command: "playbooks validate" }); // Wrong usage, not a wrong playbook.
  const results = files.map((file) => ({ file, ...validated(file) }));
  await output.result(results, () =>
    results.flatMap(({ file, problems, warnings }) => [
      problems ?? `${file}: valid`,
      ...warnings.map((warning) => `${file}: warning: ${warning}`),
    ]),
  );
  return results.every(({ problems }) => problems === null) ? 0 : 2;
}

function validated(file: string): {
  readonly id: string | null;
  readonly problems: string | null;
  readonly warnings: readonly string[];
} {
  try {
    const playbook = readPlaybookFile(file);
    return { id: playbook.id, problems: null, warnings: warningsOf(playbook) };
  } catch (error) {
    if (error instanceof CordonError) return { id: null, problems: error.message, warnings: [] };
    throw error;
  }
}
