import type { z } from "zod";
import { CordonError } from "../core/errors.ts";
import type { Playbook, PlaybookFile } from "../core/playbook.ts";
import { playbookFile, playbookOf } from "../core/playbook.ts";
import type { AnyStep } from "../core/step.ts";
import type { Problem, Read } from "../documents/yaml.ts";
import { describeProblems, readYaml } from "../documents/yaml.ts";

/** What a playbook is held against: a step of the registry, or as much of one. */
export interface KnownStep {
  readonly id: string;
  readonly kind: AnyStep["kind"];
  readonly input: z.ZodType;
  readonly brackets?: boolean;
}

/**
 * Reads a playbook file, and refuses it with every problem and its line.
 *
 * `steps` is the registry: a playbook that names any other step, or gives one what it does not take, is a mistake to find
 * before the night it is needed.
 *
 * @throws CordonError `playbook_invalid`
 */
export function readPlaybook(
  text: string,
  { file, steps }: { readonly file: string; readonly steps: Iterable<KnownStep> },
): Playbook {
  const read = readYaml(text, playbookFile);
  const problems = read.value === null ? read.problems : contradictions(read.value, read.problemAt, knownOf(steps));
  if (read.value === null || problems.length > 0) {
    throw new CordonError("playbook_invalid", { file, problems: describeProblems(problems) });
  }
  return playbookOf(read.value);
}

/** What the shape of the file cannot say. */
function contradictions(
  { stages }: PlaybookFile,
  problemAt: Read<unknown>["problemAt"],
  known: ReadonlyMap<string, KnownStep>,
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
    const frame = { problemAt, known };
    return [
      ...duplicate,
      ...needs,
      ...problemsOfSteps(stage, index, frame),
      ...problemsOfAround(stage, index, frame),
      ...problemsOfWithin(stage, index, frame),
      ...problemsOfAfter(stage, index, frame),
    ];
  });
}

type FileStage = PlaybookFile["stages"][number];
type FileUse = FileStage["steps"][number];

interface Frame {
  readonly problemAt: Read<unknown>["problemAt"];
  readonly known: ReadonlyMap<string, KnownStep>;
}

function knownOf(steps: Iterable<KnownStep>): ReadonlyMap<string, KnownStep> {
  return new Map([...steps].map((step) => [step.id, step]));
}

function idOf(step: FileUse): string {
  return typeof step === "string" ? step : step.use;
}

function problemsOfSteps({ steps, around }: FileStage, stage: number, frame: Frame): readonly Problem[] {
  const uses = [...(around === undefined ? [] : [idOf(around)]), ...steps.map(idOf)];
  const before = uses.length - steps.length;
  return steps.flatMap((step, at) => {
    const path = ["stages", stage, "steps", at];
    const use = idOf(step);
    if (uses.indexOf(use) < at + before)
      return [frame.problemAt(path, `stages.${stage}.steps.${at}: ${use} stands in this stage already`)];
    return problemsOfUse(step, path, frame);
  });
}

/** That there is such a step, and that it takes what it is given. */
function problemsOfUse(
  step: FileUse,
  path: readonly (string | number)[],
  { problemAt, known }: Frame,
): readonly Problem[] {
  const place = path.join(".");
  const found = known.get(idOf(step));
  if (!found) return [problemAt(path, `${place}: there is no step ${idOf(step)}`)];
  const input = found.input.safeParse(typeof step === "string" ? {} : step.with);
  if (input.success) return [];
  return input.error.issues.map((issue) => {
    const within = [...path, "with", ...issue.path];
    const name = issue.path.length === 0 ? `${place}.with` : within.join(".");
    return problemAt(within, `${name}: ${issue.message}`);
  });
}

function problemsOfAround({ around }: FileStage, stage: number, frame: Frame): readonly Problem[] {
  if (around === undefined) return [];
  const path = ["stages", stage, "around"];
  const problems = problemsOfUse(around, path, frame);
  if (problems.length > 0 || frame.known.get(idOf(around))?.brackets === true) return problems;
  return [
    frame.problemAt(
      path,
      `stages.${stage}.around: ${idOf(around)} does not take its change back at the end of a stage`,
    ),
  ];
}

/** A change that has begun is not broken off: only what saves evidence can be given a time. */
function problemsOfWithin(
  { within, steps }: FileStage,
  stage: number,
  { problemAt, known }: Frame,
): readonly Problem[] {
  if (within === undefined) return [];
  const changing = steps.map(idOf).filter((id) => known.has(id) && known.get(id)?.kind !== "collection");
  return changing.map((id) =>
    problemAt(
      ["stages", stage, "within"],
      `stages.${stage}.within: ${id} is not broken off when its time is over; only stages that save evidence have one`,
    ),
  );
}

/** A case is settled without what comes later, and nobody is asked again: it must change nothing, and save nothing. */
function problemsOfAfter(
  { after, approval, steps }: FileStage,
  stage: number,
  { problemAt, known }: Frame,
): readonly Problem[] {
  if (after === undefined) return [];
  const path = ["stages", stage, "after"];
  const acting = steps.map(idOf).filter((id) => known.has(id) && known.get(id)?.kind !== "assessment");
  return [
    ...acting.map((id) =>
      problemAt(
        path,
        `stages.${stage}.after: ${id} does more than look; only stages that do nothing else can come later`,
      ),
    ),
    ...(approval === undefined
      ? []
      : [problemAt(path, `stages.${stage}.after: a stage that comes later asks nobody: it has nothing to approve`)]),
  ];
}
