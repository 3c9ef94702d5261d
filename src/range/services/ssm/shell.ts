import type { SsmHost } from "../../world/ssm-model.ts";

/** What a program is given, and what it gives. */
export interface Invoked {
  readonly argv: readonly string[];
  readonly stdin: Uint8Array;
  readonly host: SsmHost;
  /** The host's time, in milliseconds since 1970. */
  readonly now: number;
}

export interface Exit {
  readonly out: Uint8Array | string;
  readonly err?: string;
  readonly code?: number;
}

export type Program = (invoked: Invoked) => Exit;
export type Programs = Readonly<Record<string, Program>>;

interface SimpleCommand {
  readonly argv: readonly string[];
  readonly input: string | null;
  /** Where standard error goes: with the output, nowhere, or its own way. */
  readonly errors: "own" | "merged" | "dropped";
}

const ENCODER = new TextEncoder();

/** What a script wrote, and its exit code: that of its last line. */
export interface Ran {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly exitCode: number;
}

/**
 * As much of a POSIX shell as collecting needs: lines of pipelines, quotes, `<`, `2>&1`, `2>/dev/null`, and `exec 2>&1`.
 *
 * What it does not know ends as in a shell: `not found`, with exit code 127.
 */
export function runShell(
  lines: readonly string[],
  tools: { readonly host: SsmHost; readonly now: number; readonly programs: Programs },
): Ran {
  const stdout: Uint8Array[] = [];
  const stderr: Uint8Array[] = [];
  let areErrorsMerged = false;
  let exitCode = 0;
  for (const line of lines.flatMap((each) => each.split("\n"))) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    if (line.trim() === "exec 2>&1") {
      areErrorsMerged = true;
      continue;
    }
    let stdin: Uint8Array = new Uint8Array(0);
    for (const command of parse(line)) {
      const done = invoke(command, stdin, tools);
      stdin = done.out;
      exitCode = done.code;
      (areErrorsMerged ? stdout : stderr).push(done.err);
    }
    stdout.push(stdin);
  }
  return { stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr), exitCode };
}

function invoke(
  { argv, input, errors }: SimpleCommand,
  piped: Uint8Array,
  { host, now, programs }: Parameters<typeof runShell>[1],
): { readonly out: Uint8Array; readonly err: Uint8Array; readonly code: number } {
  const [name = ""] = argv;
  const stdin = input === null ? piped : host.files.get(input);
  const program = host.missingPrograms.includes(name) ? undefined : programs[name];
  const exit: Exit =
    stdin === undefined
      ? { out: "", err: `sh: 1: cannot open ${input ?? ""}: No such file\n`, code: 2 }
      : program
        ? program({ argv, stdin, host, now })
        : { out: "", err: `sh: 1: ${name}: not found\n`, code: 127 };
  const out = typeof exit.out === "string" ? ENCODER.encode(exit.out) : exit.out;
  const err = ENCODER.encode(errors === "dropped" ? "" : (exit.err ?? ""));
  const code = exit.code ?? 0;
  return errors === "merged" ? { out: Buffer.concat([out, err]), err: new Uint8Array(0), code } : { out, err, code };
}

/** The commands of one pipeline. */
function parse(line: string): readonly SimpleCommand[] {
  const commands: SimpleCommand[] = [];
  let words: { readonly text: string; readonly isQuoted: boolean }[] = [];
  const end = (): void => {
    commands.push(commandOf(words));
    words = [];
  };
  for (const [, single, double, bare] of line.matchAll(/'([^']*)'|"([^"]*)"|([^\s'"|]+|\|)/g)) {
    const isQuoted = bare === undefined;
    const text = bare ?? single ?? double ?? "";
    if (!isQuoted && text === "|") end();
    else words.push({ text, isQuoted });
  }
  end();
  return commands;
}

function commandOf(words: readonly { readonly text: string; readonly isQuoted: boolean }[]): SimpleCommand {
  const argv: string[] = [];
  let input: string | null = null;
  let errors: SimpleCommand["errors"] = "own";
  for (let index = 0; index < words.length; index++) {
    const { text = "", isQuoted = false } = words[index] ?? {};
    if (!isQuoted && text === "<") input = words[++index]?.text ?? "";
    else if (!isQuoted && text === "2>&1") errors = "merged";
    else if (!isQuoted && text === "2>/dev/null") errors = "dropped";
    else argv.push(text);
  }
  return { argv, input, errors };
}
