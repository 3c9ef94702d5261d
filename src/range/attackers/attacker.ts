import type { Clock } from "../../core/clock.ts";
import type { Random } from "../world/random.ts";

/**
 * What a drill makes of an actor: an attacker must be cut, a bystander must keep working. A third party holds nothing of the
 * instance: it acts with credentials or a keyboard of its own, and what it leaves of instance and evidence is what counts.
 */
export type ActorKind = "attacker" | "bystander" | "third-party";

/** How many successes an actor remembers: half a day of a beacon that calls every five seconds. */
export const REMEMBERED_SUCCESSES = 10_000;

/**
 * Somebody who lives in the range on simulated time.
 *
 * It got through when a packet of its was delivered *and* the answer came back, or when AWS allowed its call.
 */
export interface Attacker {
  readonly name: string;
  readonly kind: ActorKind;
  /** The instance that it holds, where several are held by several; null where the scenario has one target. */
  readonly instanceId: string | null;
  /** Milliseconds since 1970; `null` when it never got through. */
  readonly lastSuccessMs: number | null;
  /** The last time that an attempt failed. */
  readonly lastFailureMs: number | null;
  /** When it got through at or after a time, oldest first; at most the last `REMEMBERED_SUCCESSES`. */
  succeededAt(sinceMs: number): readonly number[];
  /** What it did before anybody noticed: opens its flow, takes its credentials. Calls for no time to pass. */
  begin(): void;
  /** Goes on until the signal aborts; never rejects. */
  live(signal: AbortSignal): Promise<void>;
}

/** What an actor is made of: its name, and what it does in one beat. */
export interface ActorOptions {
  readonly name: string;
  readonly kind?: ActorKind;
  readonly instanceId?: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Time between two beats when all goes well; each is jittered by a fifth, as beacons do to hide their rhythm. */
  readonly everyMs: number;
  /** Time until the first beat, where it differs. */
  readonly firstAfterMs?: number;
}

/** One beat of an actor; true when it got through, null when it did not try. */
export type Beat = () => boolean | null;

const JITTER = 0.2;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

/** Makes an actor out of its beats: rhythm, patience after failures, and the record of when it got through. */
export function createActor(
  options: ActorOptions,
  acts: { readonly begin: () => void; readonly beat: Beat },
): Attacker {
  const successes: number[] = [];
  let lastFailureMs: number | null = null;
  let failures = 0;

  const act = (): void => {
    const outcome = acts.beat();
    if (outcome === null) return;
    if (outcome) {
      failures = 0;
      successes.push(options.clock.now());
      if (successes.length > REMEMBERED_SUCCESSES) successes.shift();
    } else {
      failures++;
      lastFailureMs = options.clock.now();
    }
  };

  return {
    name: options.name,
    kind: options.kind ?? "attacker",
    instanceId: options.instanceId ?? null,
    get lastSuccessMs() {
      return successes.at(-1) ?? null;
    },
    get lastFailureMs() {
      return lastFailureMs;
    },
    succeededAt: (sinceMs) => successes.filter((at) => at >= sinceMs),
    begin: acts.begin,
    async live(signal) {
      const { clock, random } = options;
      for (
        let wait = options.firstAfterMs ?? options.everyMs;
        !signal.aborted;
        wait = nextWait(options.everyMs, failures)
      ) {
        const jittered = Math.round(wait * (1 + JITTER * (2 * random() - 1)));
        if (!(await slept(clock, jittered, signal))) return;
        act();
      }
    },
  };
}

/** After a failure it tries again soon, then ever more slowly, as TCP's retransmissions do. */
function nextWait(everyMs: number, failures: number): number {
  if (failures === 0) return everyMs;
  return Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS);
}

/** False when the signal ended the sleep. */
async function slept(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(ms, signal);
    return !signal.aborted;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
