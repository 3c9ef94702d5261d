import type { Command } from "commander";
import { catalogue } from "../../core/errors.ts";
import { steps } from "../../steps/index.ts";
import { permissionsOf } from "../permissions.ts";
import { program } from "../program.ts";
import { survivorsPage } from "./reference-survivors.ts";
import { cell, page, sentence } from "./reference-page.ts";
import { playbookPages } from "./reference-playbooks.ts";
import { stepPages, type StepSources } from "./reference-steps.ts";

/** The generated pages of docs/reference/, by file name. */
export function referencePages(sources: Omit<StepSources, "steps">): Readonly<Record<string, string>> {
  return {
    "cli.md": cliPage(),
    "errors.md": errorsPage(),
    "permissions.md": permissionsPage(),
    "survivors.md": survivorsPage(),
    ...stepPages({ ...sources, steps }),
    ...playbookPages({ ...sources, steps }),
  };
}

function permissionsPage(): string {
  const rows = permissionsOf(steps).map(
    ({ action, steps: users }) =>
      `| \`${action}\` | ${users.map(({ step, verbs }) => `\`${step}\` (${verbs.join(", ")})`).join("<br>")} |`,
  );
  const intro =
    "What each step needs in the account of the instance. `cordon permissions --playbook ID` prints the policy for one playbook.";
  return page("Permissions", intro, ["| action | needed by |", "| --- | --- |", ...rows]);
}

function errorsPage(): string {
  const rows = Object.entries(catalogue).map(
    ([code, { problem, remedy, exit }]) => `| \`${code}\` | ${cell(problem)} | ${cell(remedy)} | ${exit} |`,
  );
  return page("Errors", "Every error that an operator can meet, what helps, and the exit code.", [
    "| code | problem | what helps | exit |",
    "| --- | --- | --- | --- |",
    ...rows,
  ]);
}

function cliPage(): string {
  const root = program({ signal: new AbortController().signal, finish: () => {} });
  const intro =
    "Data is printed on stdout, everything else on stderr. `CORDON_HOME` says where state lies, `CORDON_CONFIG` where the configuration is.";
  return page("Command line", intro, leaves(root).flatMap(commandSection));
}

interface Leaf {
  readonly name: string;
  readonly command: Command;
}

function leaves(command: Command, path: readonly string[] = []): readonly Leaf[] {
  const name = [...path, command.name()];
  return command.commands.length === 0
    ? [{ name: name.join(" "), command }]
    : command.commands.flatMap((each) => leaves(each, name));
}

function commandSection({ name, command }: Leaf): readonly string[] {
  const args = command.registeredArguments.map((each) => {
    const inner = `${each.name()}${each.variadic ? "..." : ""}`;
    return each.required ? `<${inner}>` : `[${inner}]`;
  });
  const options = command.options.filter(({ hidden }) => !hidden);
  return [
    `## \`${[name, ...args].join(" ")}\``,
    "",
    sentence(command.description()),
    "",
    "| option | meaning |",
    "| --- | --- |",
    ...options.map(
      ({ flags, description, argChoices, defaultValue }) =>
        `| \`${flags}\` | ${cell(description)}${argChoices ? `: ${argChoices.join(", ")}` : ""}${shown(defaultValue)} |`,
    ),
    "",
  ];
}

function shown(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? `; default ${value}` : "";
}
