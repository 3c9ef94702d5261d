import { CordonError } from "../core/errors.ts";
import type { Playbook, PlaybookFile } from "../core/playbook.ts";
import { playbookFile, playbookOf } from "../core/playbook.ts";
import type { Problem, Read } from "../documents/yaml.ts";
import { describeProblems, readYaml } from "../documents/yaml.ts";

/**
 * Reads a playbook file, and refuses it with every problem and its line.
 *
 * `steps` are the ids of the registry: a playbook that names any other is a mistake to find before the night it is needed.
 *
 * @throws CordonError `playbook_invalid`
 */
export function readPlaybook(
  text: string,
  { file, steps }: { readonly file: string; readonly steps: readonly string[] },
): Playbook {
  const read = readYaml(text, playbookFile);
  const problems = read.value === null ? read.problems : contradictions(read.value, read.problemAt, new Set(steps));
  if (read.value === null || problems.length > 0) {
    throw new CordonError("playbook_invalid", { file, problems: describeProblems(problems) });
  }
  return playbookOf(read.value);
}

/** What the shape of the file cannot say. */
function contradictions(
  { stages }: PlaybookFile,
  problemAt: Read<unknown>["problemAt"],
  known: ReadonlySet<string>,
): readonly Problem[] {
  const ids = stages.map(({ id }) => id);
  return stages.flatMap((stage, index) => {
    const earlier = new Set(ids.slice(0, index));
    const duplicate = earlier.has(stage.id)
      ? [problemAt(["stages", index, "id"], `stages.${index}.id: there is a stage ${stage.id} already`)]
      : [];
    const needs = stage.needs.flatMap((need, at) =>
      earlier.has(need)
        ? []
        : [problemAt(["stages", index, "needs", at], `stages.${index}.needs: there is no earlier stage ${need}`)],
    );
    return [...duplicate, ...needs, ...problemsOfSteps(stage, index, { problemAt, known })];
  });
}

function problemsOfSteps(
  { steps }: PlaybookFile["stages"][number],
  stage: number,
  { problemAt, known }: { readonly problemAt: Read<unknown>["problemAt"]; readonly known: ReadonlySet<string> },
): readonly Problem[] {
  const uses = steps.map((step) => (typeof step === "string" ? step : step.use));
  return uses.flatMap((use, at) => {
    const path = ["stages", stage, "steps", at];
    if (!known.has(use)) return [problemAt(path, `stages.${stage}.steps.${at}: there is no step ${use}`)];
    if (uses.indexOf(use) < at)
      return [problemAt(path, `stages.${stage}.steps.${at}: ${use} stands in this stage already`)];
    return [];
  });
}
