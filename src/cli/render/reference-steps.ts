import { z } from "zod";
import type { Playbook } from "../../core/playbook.ts";
import type { AnyStep, ChangingStep } from "../../core/step.ts";
import { cell, listed, page } from "./reference-page.ts";

export interface StepSources {
  readonly steps: readonly AnyStep[];
  readonly playbooks: readonly Playbook[];
  /** The comment above the step in its file: what, why this way, and the limit. */
  commentOf(id: string): string;
}

/** One page for each step, and one that lists them, by file name under docs/reference/. */
export function stepPages(sources: StepSources): Readonly<Record<string, string>> {
  const sorted = [...sources.steps].sort((left, right) => (left.id < right.id ? -1 : 1));
  return {
    "steps.md": page("Steps", "Every technique that a playbook may name, by phase.", indexLines(sorted)),
    ...Object.fromEntries(sorted.map((step) => [`steps/${step.id}.md`, stepPage(step, sources)])),
  };
}

function indexLines(steps: readonly AnyStep[]): readonly string[] {
  const phases = [...new Set(steps.map(({ id }) => phaseOf(id)))];
  return phases.flatMap((phase) => [
    `## ${phase}`,
    "",
    "| step | what it does | undone by release |",
    "| --- | --- | --- |",
    ...steps
      .filter(({ id }) => phaseOf(id) === phase)
      .map((step) => `| [\`${step.id}\`](steps/${step.id}.md) | ${cell(step.title)} | ${undoneIn(step)} |`),
    "",
  ]);
}

function phaseOf(id: string): string {
  return id.slice(0, id.indexOf("."));
}

const undone = {
  exactly: "exactly",
  equivalently: "to what works the same",
  no: "no",
} as const satisfies Record<ChangingStep["reversible"], string>;

function undoneIn(step: AnyStep): string {
  if (step.kind === "assessment") return "only looks";
  return step.kind === "collection" ? "evidence stays" : undone[step.reversible];
}

function stepPage(step: AnyStep, { playbooks, commentOf }: StepSources): string {
  return page(`\`${step.id}\``, `${step.title}.`, [
    ...commentOf(step.id).split("\n"),
    "",
    "## Facts",
    "",
    ...factsOf(step),
    ...(step.needs === undefined ? [] : [`- Reads what came of ${listed(step.needs.map(code))}, and so comes after.`]),
    ...(step.enabledBy === undefined ? [] : [`- What it lacks is made by ${code(step.enabledBy)}.`]),
    ...(step.follows === undefined ? [] : ["- Plans again when a finding joins the case."]),
    ...usersOf(step.id, playbooks),
    "",
    "## Input",
    "",
    ...inputLines(step.input as z.ZodType),
    "",
    "## Permissions",
    "",
    ...permissionLines(step),
  ]);
}

function factsOf(step: AnyStep): readonly string[] {
  if (step.kind === "assessment") return ["- Only looks: it changes nothing."];
  if (step.kind === "collection") return ["- Saves evidence: it changes nothing on the target, and nothing undoes it."];
  return [
    `- Undone by release: ${step.reversible === "no" ? "no" : undone[step.reversible]}.${step.notRestored === undefined ? "" : ` ${step.notRestored}`}`,
    `- Verified within ${step.settlesWithinMs / 1000} s of the change.`,
    ...(step.kind === "shared"
      ? ["- A claim: several cases may hold it on one resource, and each lets go of its own only."]
      : []),
    ...(step.plansUntilQuiet === true
      ? ["- Plans again until nothing is left: for what an intruder adds meanwhile."]
      : []),
  ];
}

function usersOf(id: string, playbooks: readonly Playbook[]): readonly string[] {
  const users = playbooks.filter(({ stages }) =>
    stages.some(({ around, steps }) => [...steps, ...(around ? [around] : [])].some(({ use }) => use === id)),
  );
  return users.length === 0
    ? ["- No shipped playbook has it: put it into one of yours."]
    : [
        `- Shipped playbooks that have it: ${listed(users.map((each) => `[${code(each.id)}](../playbooks/${each.id}.md)`))}.`,
      ];
}

interface Property {
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string;
  readonly enum?: readonly unknown[];
}

function inputLines(input: z.ZodType): readonly string[] {
  const { properties = {} } = z.toJSONSchema(input, { io: "input", unrepresentable: "any" }) as {
    readonly properties?: Readonly<Record<string, Property>>;
  };
  const rows = Object.entries(properties);
  if (rows.length === 0) return ["It takes none."];
  return [
    "| name | value | meaning |",
    "| --- | --- | --- |",
    ...rows.map(([name, property]) => `| ${code(name)} | ${valueOf(property)} | ${cell(property.description ?? "")} |`),
  ];
}

function valueOf({ type, enum: values, default: preset }: Property): string {
  const kind = values === undefined ? (type ?? "any") : values.map((each) => code(String(each))).join(", ");
  return preset === undefined ? kind : `${kind}; ${code(JSON.stringify(preset))} when left out`;
}

function permissionLines({ permissions }: AnyStep): readonly string[] {
  const rows = Object.entries(permissions.target) as readonly (readonly [string, readonly string[]])[];
  return [
    "| to | actions |",
    "| --- | --- |",
    ...rows.map(([verb, actions]) => `| ${verb} | ${actions.map(code).join(", ") || "none"} |`),
  ];
}

function code(text: string): string {
  return `\`${text}\``;
}
