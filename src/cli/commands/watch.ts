/** Keeps at every open case: proofs, deadlines, later stages and what a release left for a while. */
import { type Clock, systemClock } from "../../core/clock.ts";
import { CordonError } from "../../core/errors.ts";
import { caseOf } from "../../core/case.ts";
import { codeOfUnreadable, type Desk, isOver, isWorkedElsewhere, readCases, sessionOf } from "../desk.ts";
import { explain } from "../failure.ts";
import { worstOf } from "../verdicts.ts";
import { endResidues, exitCodeAfter, resume } from "./resume.ts";
import { printOutcomes } from "./work-on.ts";

export interface WatchFlags {
  /** Brings each case as far as it goes now, and ends. */
  readonly once: boolean;
}

/** How often it is looked for cases that other processes opened or gave back. */
const LOOK_MS = 2000;
/** How often it is looked for what releases left, in milliseconds of this machine. */
const RESIDUES_MS = 60_000;
/** How long a case that failed is left alone, at first and at most. */
const FIRST_PAUSE_MS = 5000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Works on all open cases until each is over, also on those that other processes open meanwhile. A case that fails is named
 * and tried again later; the others go on. An interrupt ends it, with exit code 130.
 */
export async function watch(desk: Desk, { once }: WatchFlags): Promise<number> {
  if (once) return resume(desk, undefined);
  const kept = new Map<string, { isDone: boolean }>();
  let residuesAt = 0;
  for (;;) {
    desk.signal.throwIfAborted();
    if (Date.now() >= residuesAt) {
      await endResidues(desk);
      residuesAt = Date.now() + RESIDUES_MS;
    }
    for (const id of await desk.store.cases()) {
      if (kept.has(id)) continue;
      const keeper = { isDone: false };
      kept.set(id, keeper);
      void keep(desk, id)
        .catch(() => {}) // Only an interrupt ends it so, which is thrown here.
        .finally(() => (keeper.isDone = true));
    }
    if ([...kept.values()].every(({ isDone }) => isDone) && !(await hasResidues(desk))) break;
    await systemClock.sleep(LOOK_MS, desk.signal);
  }
  const { states, unreadable } = await readCases(desk.store);
  desk.output.narrate("No case is open.");
  await printOutcomes(desk, []);
  return worstOf([codeOfUnreadable(unreadable), ...states.map(exitCodeAfter)]);
}

/** Works on one case until it is over. Another process that works on it is left to it, and followed when it ends. */
async function keep(desk: Desk, id: string): Promise<void> {
  let said = "";
  for (let failures = 0; ;) {
    let clock: Clock = systemClock;
    try {
      const before = caseOf(await desk.store.read(id, 0));
      if (isOver(before)) return;
      const { runner, connection } = await sessionOf(desk, before);
      clock = connection.clock;
      if (!(await isWorkedElsewhere(desk, id, clock.now()))) {
        // The next proof of a case that is not over is always due.
        const after = await runner.work(id, {
          signal: desk.signal,
          waitForPeople: true,
          isProofDue: (state) => !isOver(state),
          pollMs: LOOK_MS,
        });
        failures = 0;
        said = "";
        if (isOver(after)) return;
      }
      await clock.sleep(LOOK_MS, desk.signal);
    } catch (error) {
      desk.signal.throwIfAborted();
      if (error instanceof CordonError && error.code === "journal_unreadable") return; // It was named when the command began.
      const { lines } = explain(error);
      const line = `${id}: ${lines.join(" ")} It is tried again.`;
      if (line !== said) desk.output.complain(line);
      said = line;
      await clock.sleep(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures), desk.signal);
      failures = Math.min(failures + 1, 10);
    }
  }
}

/** Whether a release left something whose time is not over yet. */
async function hasResidues({ store }: Desk): Promise<boolean> {
  return (await store.expiredClaims(Number.MAX_SAFE_INTEGER)).length > 0;
}
