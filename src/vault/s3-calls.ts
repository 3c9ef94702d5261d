import type { Command } from "@smithy/types";
import type { Clock } from "../core/clock.ts";

/**
 * S3 as the vault uses it: sends one command, with whatever patience of its own.
 *
 * What it throws when AWS refuses, or does not answer, carries AWS's code as `awsCode`, and `isTransient` where the same
 * call may well succeed a little later.
 */
export interface S3Sender {
  send<Input extends object, Output extends object>(command: Command<any, Input, any, Output, any>): Promise<Output>; // oxlint-disable-line no-explicit-any -- the SDK's command types name the whole client; input and output stay typed.
}

/** Where the vault's calls go, and by what it waits. */
export interface S3Access {
  /** S3 under the vault's identity, for as long as nobody calls it off. */
  readonly sender: (signal: AbortSignal) => S3Sender;
  readonly clock: Clock;
  /** From 0 up to 1; seeded, so that a drill repeats. */
  readonly random: () => number;
}

/** How often something is done again after faults that pass, and how long the first pause is. */
const limits = { attempts: 6, firstPauseMs: 200 } as const;

/**
 * Does something until no passing fault is in the way.
 *
 * What is done must look before it acts, or do no harm twice: a call whose answer was lost may have had its effect.
 */
export async function untilSettled<T>(
  act: () => Promise<T>,
  { clock, random, signal }: Pick<S3Access, "clock" | "random"> & { readonly signal: AbortSignal },
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await act();
    } catch (error) {
      if (attempt >= limits.attempts || !passes(error)) throw error;
      const fullMs = limits.firstPauseMs * 2 ** (attempt - 1);
      await clock.sleep(Math.round(fullMs / 2 + (fullMs / 2) * random()), signal);
    }
  }
}

/** Two who write at once: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
const contended: ReadonlySet<string> = new Set(["ConditionalRequestConflict", "OperationAborted", "RequestTimeout"]);

function passes(error: unknown): boolean {
  const { isTransient } = error as { readonly isTransient?: unknown };
  return isTransient === true || contended.has(codeOf(error) ?? "");
}

/** Marks a fault of the way, such as a body that breaks off, as one that passes. */
export class BrokenOff extends Error {
  readonly isTransient = true;
}

/** AWS's code of a refusal; null for anything else. */
export function codeOf(error: unknown): string | null {
  const { awsCode } = (error ?? {}) as { readonly awsCode?: unknown };
  return typeof awsCode === "string" ? awsCode : null;
}

/** Codes by which S3 says that nothing is there; HEAD has no body, so that only its status speaks. */
const missing: ReadonlySet<string> = new Set(["NoSuchKey", "NotFound"]);

/** Whether a refusal says that nothing is there. */
export function isMissing(error: unknown): boolean {
  return missing.has(codeOf(error) ?? "");
}
