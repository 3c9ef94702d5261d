import { type Command, CommanderError } from "commander";

/** Commander's name for "help was asked for", which is no mistake. */
const ASKED_FOR: ReadonlySet<string> = new Set(["commander.helpDisplayed", "commander.version"]);

/** What a command is given to work with. */
export interface Run {
  /** Aborts when a person interrupts. */
  readonly signal: AbortSignal;
  finish(exitCode: number): void;
}

/** Runs the command line: wrong usage is 2, an error of the catalogue its own code, an interrupt 130. */
export async function run(makeProgram: (run: Run) => Command, argv: readonly string[]): Promise<number> {
  const interrupted = new AbortController();
  let exitCode = 0;
  const interrupt = (): void => {
    if (interrupted.signal.aborted) process.exit(130); // Twice: whoever presses it again does not want to wait.
    interrupted.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(exitCode); // `| head` has seen enough.
    throw error;
  });
  try {
    const program = makeProgram({ signal: interrupted.signal, finish: (code) => (exitCode = code) });
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return ASKED_FOR.has(error.code) ? 0 : 2; // Commander has said what is wrong.
    const { explain, Interrupted } = await import("./failure.ts");
    const { lines, exitCode: code } = explain(interrupted.signal.aborted ? new Interrupted() : error);
    process.stderr.write(lines.map((line, index) => `${index === 0 ? "error: " : ""}${line}\n`).join(""));
    if (argv.includes("--debug") && error instanceof Error) process.stderr.write(`${error.stack ?? ""}\n`);
    return code;
  } finally {
    process.removeListener("SIGINT", interrupt);
    process.removeListener("SIGTERM", interrupt);
  }
}
