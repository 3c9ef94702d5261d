import type { Clock } from "../core/clock.ts";
import { AwsCallError, isServerFault, isThrottled } from "./aws-call-error.ts";
import type { Place } from "./bucket.ts";

/** How often, and how long, a call is sent again. */
const limits = { attempts: 8, totalMs: 60_000, firstPauseMs: 100, longestPauseMs: 10_000 } as const;

/** What the loop of attempts needs from outside. */
export interface AttemptOptions {
  readonly clock: Clock;
  /** From 0 up to 1; seeded, so that a drill repeats. */
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly operation: string;
  /** Resolves when a call may be sent. The time that this takes is AWS's limit, and counts as no failure. */
  readonly turn?: (before: Place | null) => Promise<Place>;
  /** Told when AWS refused a call for its number. */
  readonly onThrottled?: (refused: Place) => void;
}

/**
 * Sends until there is an answer, with pauses that double and are spread by chance, so that callers who were throttled together
 * do not come back together.
 *
 * Throttled calls had no effect and are always sent again. Calls with an unknown effect are sent again only if they read.
 */
export async function withAttempts<Output>(send: () => Promise<Output>, options: AttemptOptions): Promise<Output> {
  const { clock, signal, turn, onThrottled } = options;
  let startedAt = clock.now();
  let place: Place | null = null;
  for (let attempt = 1; ; attempt++) {
    const waitedFrom = clock.now();
    place = (await turn?.(place)) ?? null;
    startedAt += clock.now() - waitedFrom;
    try {
      return await send();
    } catch (error) {
      if (error instanceof AwsCallError && isThrottled(error.awsCode) && place) onThrottled?.(place);
      if (attempt >= limits.attempts || !maySendAgain(error, options.operation)) throw error;
      const pauseMs = pauseAfter(attempt, options.random());
      if (clock.now() + pauseMs - startedAt > limits.totalMs) throw error;
      await clock.sleep(pauseMs, signal);
    }
  }
}

function maySendAgain(error: unknown, operation: string): boolean {
  if (!(error instanceof AwsCallError)) return false;
  return isThrottled(error.awsCode) || (isServerFault(error) && onlyReads(operation));
}

/** Whether an operation changes nothing, by AWS's own naming. */
export function onlyReads(operation: string): boolean {
  return /^(Describe|Filter|Get|List|Lookup)/.test(operation);
}

/** Between half and all of the doubled pause. */
function pauseAfter(attempt: number, chance: number): number {
  const full = Math.min(limits.longestPauseMs, limits.firstPauseMs * 2 ** (attempt - 1));
  return Math.round(full / 2 + (full / 2) * chance);
}
