import { CordonError } from "../core/errors.ts";
import { printable } from "./render/story.ts";

/** The exit code of an interrupted command, as shells have it. */
export const INTERRUPTED = 130;

/** Thrown where a person interrupts; whatever was recorded stays recorded. */
export class Interrupted extends Error {
  constructor() {
    super("interrupted");
    this.name = "Interrupted";
  }
}

/** What is said about an error, and the exit code. */
export function explain(error: unknown): { readonly lines: readonly string[]; readonly exitCode: number } {
  if (error instanceof Interrupted) {
    return { lines: ["Interrupted. What was recorded stays; `cordon resume` goes on."], exitCode: INTERRUPTED };
  }
  if (error instanceof CordonError) {
    return { lines: [printable(error.message), printable(error.remedy)], exitCode: error.exitCode };
  }
  const message = error instanceof Error ? error.message : String(error);
  if (isNoCredentials(error)) {
    return {
      lines: [
        `AWS cannot be asked: ${printable(message)}`,
        "Nothing was changed. Sign in, or choose credentials with --profile.",
      ],
      exitCode: 6,
    };
  }
  return {
    lines: [
      `Something went wrong that Cordon does not know: ${printable(message)}`,
      "What was recorded stays, and `cordon resume` goes on from there. --debug prints where it happened.",
    ],
    exitCode: 3,
  };
}

/** The exit code for a failure while other cases went on: wrong usage would say that nothing was done. */
export function codeBeside(error: unknown): number {
  const { exitCode } = explain(error);
  return exitCode === 0 || exitCode === 2 ? 3 : exitCode;
}

/** The SDK's chain found nothing, or what it found has ended. */
function isNoCredentials(error: unknown): boolean {
  return error instanceof Error && (error.name === "CredentialsProviderError" || error.name === "TokenProviderError");
}

/** Wrong usage, in the words of the catalogue. */
export function wrongUsage(
  command: string,
  { what, reason }: { readonly what: string; readonly reason: string },
): CordonError {
  return new CordonError("input_invalid", { what, reason, command });
}
