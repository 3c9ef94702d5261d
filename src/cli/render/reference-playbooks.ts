import type { Approval, Playbook, Stage } from "../../core/playbook.ts";
import type { AnyStep } from "../../core/step.ts";
import { listed, page } from "./reference-page.ts";

export interface PlaybookSources {
  readonly playbooks: readonly Playbook[];
  readonly steps: readonly AnyStep[];
}

/** One page for each shipped playbook in plain sentences, and one that lists them, by file name under docs/reference/. */
export function playbookPages({ playbooks, steps }: PlaybookSources): Readonly<Record<string, string>> {
  const known = new Map(steps.map((step) => [step.id, step]));
  return {
    "playbooks.md": page("Shipped playbooks", "What Cordon does, stage by stage.", [
      "| playbook | what it is for | answers findings by itself |",
      "| --- | --- | --- |",
      ...playbooks.map(
        ({ id, title, answers }) =>
          `| [\`${id}\`](playbooks/${id}.md) | ${title} | ${answers.length === 0 ? "no, chosen by name" : `${answers.length} patterns of types`} |`,
      ),
    ]),
    ...Object.fromEntries(playbooks.map((playbook) => [`playbooks/${playbook.id}.md`, playbookPage(playbook, known)])),
  };
}

function playbookPage(playbook: Playbook, known: ReadonlyMap<string, AnyStep>): string {
  const { id, title, answers, stages } = playbook;
  return page(`\`${id}\``, `${title}.`, [
    "## When it applies",
    "",
    answers.length === 0
      ? `It answers no finding by itself: choose it with \`--playbook ${id}\`, in a route, or as \`playbook\` in cordon.yaml.`
      : `It answers findings of these types: ${listed(answers.map((each) => `\`${each}\``))}.`,
    "",
    autonomySentence(playbook),
    "",
    "## What Cordon does, and what a person must do",
    "",
    ...stages.flatMap((stage, index) =>
      stageLines(stage, { before: stages[index - 1], number: index + 1, isLast: index === stages.length - 1, known }),
    ),
    "## How to undo it",
    "",
    "`cordon release CASE` puts everything back, the last stage first, and refuses to overwrite what somebody changed since.",
    ...undoLines(stages, known),
  ]);
}

const autonomySentences = {
  ask: "Nobody's verdict is enough for it: wherever a stage names people, they are asked.",
  confirmed:
    "Where the finding proves a compromise it acts at once; where it only suggests one, the people named are asked first.",
  suspected: "A suspicion is enough: it acts at once unless a stage asks in any case.",
} as const satisfies Record<Playbook["autonomy"], string>;

function autonomySentence({ autonomy }: Playbook): string {
  return autonomySentences[autonomy];
}

interface Frame {
  readonly before: Stage | undefined;
  readonly number: number;
  readonly isLast: boolean;
  readonly known: ReadonlyMap<string, AnyStep>;
}

function stageLines(stage: Stage, { before, number, isLast, known }: Frame): readonly string[] {
  const isTogether = before?.alongside === true || (before !== undefined && before.after !== null);
  const turn =
    number === 1
      ? "At once"
      : isTogether
        ? `Together with ${before.id}`
        : `When ${before?.id ?? "the stage before"} has ended`;
  const when = stage.after === null ? turn : `${turn}, but ${minutes(stage.after)} later; nothing waits for it`;
  const needs =
    stage.needs.length === 0 ? "" : `, once ${listed(stage.needs)} ${stage.needs.length === 1 ? "has" : "have"} ended`;
  const bound =
    stage.within === null
      ? ""
      : ` It takes at most ${minutes(stage.within)}; what is not saved by then has failed, and the next stage begins.`;
  return [
    `### ${number}. ${stage.id}`,
    "",
    `${when}${needs}.${bound}${stage.responsible === null ? "" : ` Responsible: ${stage.responsible}.`}`,
    ...(stage.approval === null ? [] : ["", approvalSentence(stage.approval)]),
    "",
    ...(stage.around === null
      ? []
      : [`- around all of it: ${stepLine(stage.around.use, known)}; taken back at its end, whatever happened`]),
    ...stage.steps.map(({ use, with: input }) => {
      const given = Object.keys(input).length === 0 ? "" : `, with \`${JSON.stringify(input)}\``;
      return `- ${stepLine(use, known)}${given}`;
    }),
    "",
    failureSentence(stage, isLast),
    "",
  ];
}

function failureSentence({ onFailure }: Stage, isLast: boolean): string {
  if (isLast) return "When something fails here, it is named in the case; no stage comes after it.";
  return onFailure === "continue"
    ? "What fails here does not keep the next stages from being done; it is named in the proof and in the case."
    : "When something fails here, the stages after it are not begun.";
}

function stepLine(id: string, known: ReadonlyMap<string, AnyStep>): string {
  return `${known.get(id)?.title ?? id} ([\`${id}\`](../steps/${id}.md))`;
}

const silence = {
  proceed: "goes on",
  hold: "goes on waiting, and does nothing",
  escalate: "asks further people",
  abort: "ends the stage without doing anything",
} as const satisfies Record<Approval["onTimeout"], string>;

function approvalSentence({ of, required, within, always, onTimeout }: Approval): string {
  const who = `${required} of the people listed as \`${of}\``;
  const when = always ? "In any case" : "Where the verdict is not enough";
  return `${when}, ${who} must agree. If nobody answers within ${minutes(within)}, Cordon ${silence[onTimeout]}.`;
}

function minutes(ms: number): string {
  return ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1000} s`;
}

function undoLines(stages: readonly Stage[], known: ReadonlyMap<string, AnyStep>): readonly string[] {
  const used = new Set(
    stages.flatMap(({ steps, around }) => [...steps, ...(around ? [around] : [])].map(({ use }) => use)),
  );
  const inexact = [...used].flatMap((id) => {
    const step = known.get(id);
    if (!step || step.kind === "assessment" || step.kind === "collection" || step.reversible === "exactly") return [];
    return [
      `- \`${id}\`: ${step.reversible === "no" ? "cannot be undone" : "comes back to what works the same"}. ${step.notRestored ?? ""}`,
    ];
  });
  return inexact.length === 0 ? [] : ["", "What does not come back exactly:", "", ...inexact];
}
