import type { CaseState } from "../../core/case.ts";
import { allCases, casesNamed, codeOfUnreadable, type Desk, isOver, readCases, sessionOf } from "../desk.ts";
import { explain } from "../failure.ts";
import { exitCodeOf, worstOf } from "../verdicts.ts";
import { printOutcomes, workOn } from "./work-on.ts";

/** Carries on every open case on which no other process works; one case where it is named. */
export async function resume(desk: Desk, name: string | undefined): Promise<number> {
  await endResidues(desk);
  const all = name === undefined ? await readCases(desk.store) : null;
  const unread = codeOfUnreadable(all?.unreadable ?? []);
  const named = name === undefined ? [] : await casesNamed(desk.store, name);
  const states = (all?.states ?? named).filter((state) => !isOver(state));
  if (states.length === 0) {
    desk.output.narrate("No case is open.");
    await printOutcomes(desk, []);
    return unread;
  }
  const results = await Promise.all(states.map((state) => resumeOne(desk, state)));
  await printOutcomes(
    desk,
    results.flatMap(({ state }) => state),
  );
  return worstOf([unread, ...results.map(({ exitCode }) => exitCode)]);
}

/** What a release left for half a day is taken away by whoever resumes after that. */
export async function endResidues(desk: Desk): Promise<void> {
  for (const state of await allCases(desk.store)) {
    if (!isOver(state)) continue;
    // Of any age: whether its time is over, the clock of the connection says.
    const claims = await desk.store.expiredClaims(Number.MAX_SAFE_INTEGER);
    if (!claims.some((claim) => claim.case === state.id)) continue;
    try {
      const { runner } = await sessionOf(desk, state);
      const ended = await runner.endResidues(state.id, desk.signal);
      if (ended > 0)
        desk.output.narrate(`${state.id}: ended ${ended} deny on old credentials that outlived the release.`);
    } catch (error) {
      desk.signal.throwIfAborted();
      desk.output.narrate(`${state.id}: what outlived the release is still there: ${explain(error).lines.join(" ")}`);
    }
  }
}

/** The exit code of a case that may have been released meanwhile. */
export function exitCodeAfter(state: CaseState): number {
  if (state.release === null) return exitCodeOf(state);
  return state.release.ended === "released" ? 0 : 3;
}

/** One case that cannot go on keeps no other from it. */
async function resumeOne(
  desk: Desk,
  before: CaseState,
): Promise<{ readonly state: CaseState; readonly exitCode: number }> {
  try {
    const session = await sessionOf(desk, before);
    const { states } = await workOn(desk, session, { ids: [before.id], wait: false });
    const [state = before] = states;
    return { state, exitCode: exitCodeAfter(state) };
  } catch (error) {
    desk.signal.throwIfAborted();
    const { lines, exitCode } = explain(error);
    desk.output.complain(`${before.id}: ${lines.join(" ")}`);
    return { state: before, exitCode: exitCode === 0 ? 3 : exitCode };
  }
}
