import { type CaseState, statusOf } from "../../core/case.ts";
import { CordonError } from "../../core/errors.ts";
import { confirm } from "../confirm.ts";
import { casesNamed, type Desk, isOver, sessionOf } from "../desk.ts";
import { explain, wrongUsage } from "../failure.ts";
import { worstOf } from "../verdicts.ts";
import { brief, printable } from "../render/story.ts";
import { printOutcomes, workOn } from "./work-on.ts";

export interface ReleaseFlags {
  readonly yes: boolean;
  readonly reason?: string;
  /** Ids of changes whose present state becomes the new truth. */
  readonly accept: readonly string[];
}

/** Puts back what was changed, as it was recorded. */
export async function release(desk: Desk, names: readonly string[], flags: ReleaseFlags): Promise<number> {
  const { found, codes } = await casesOfNames(desk, names);
  const cases = [...new Map(found.map((state) => [state.id, state])).values()];
  const open = cases.filter((state) => !isOver(state));
  for (const state of cases) if (isOver(state)) desk.output.narrate(`${state.id} is ${statusOf(state)} already.`);
  const unknown = flags.accept.find((id) => !open.some(({ changes }) => changes.has(id)));
  if (unknown !== undefined)
    throw wrongUsage("release", {
      what: `Change ${unknown}`,
      reason: "none of these cases has it; `cordon cases show` lists the changes",
    });
  for (const state of open) releasePlan(state).forEach((line) => desk.output.narrate(line));
  await confirm(desk, {
    words: open.map(({ target }) => target.instanceId),
    isAgreed: flags.yes || open.length === 0,
    flag: "A release",
  });
  const done: CaseState[] = [];
  for (const state of open) {
    const released = await releaseOne(desk, state, flags).catch((error: unknown) => {
      if (open.length + codes.length === 1) throw error;
      codes.push(sayFailure(desk, state.id, error));
      return null;
    });
    if (released) done.push(released);
  }
  await printOutcomes(desk, done);
  return worstOf([...codes, done.every((state) => state.release?.ended === "released") ? 0 : 3]);
}

/** The cases of all names. One that cannot be read keeps no other from being released. */
async function casesOfNames(
  desk: Desk,
  names: readonly string[],
): Promise<{ readonly found: readonly CaseState[]; readonly codes: number[] }> {
  const found: CaseState[] = [];
  const codes: number[] = [];
  for (const name of names) {
    try {
      found.push(...(await casesNamed(desk.store, name)));
    } catch (error) {
      const isUnreadable = error instanceof CordonError && error.code === "journal_unreadable";
      if (names.length === 1 || !isUnreadable) throw error;
      codes.push(sayFailure(desk, name, error));
    }
  }
  return { found, codes };
}

/** Names what was not done, and gives the exit code for it: the rest was done. */
function sayFailure(desk: Desk, id: string, error: unknown): number {
  desk.signal.throwIfAborted();
  const { lines, exitCode } = explain(error);
  desk.output.complain(`${id}: not released. ${lines.join(" ")}`);
  return exitCode === 6 ? 6 : 3;
}

async function releaseOne(desk: Desk, state: CaseState, { accept, reason }: ReleaseFlags): Promise<CaseState> {
  const session = await sessionOf(desk, state);
  const { person } = desk.environment;
  const accepted = accept.filter((change) => state.changes.has(change));
  const isUnderWay = state.release !== null && state.release.ended === null;
  await session.runner.append(
    state.id,
    [
      ...accepted.map((change) => ({ type: "change.accepted", change }) as const),
      ...(isUnderWay ? [] : [{ type: "release.asked", reason: reason ?? null } as const]),
    ],
    person,
  );
  const { states } = await workOn(desk, session, { ids: [state.id], wait: false });
  return states[0] ?? state;
}

function releasePlan(state: CaseState): readonly string[] {
  const changes = [...state.changes.values()].filter(({ hasBegun, change }) => hasBegun && change.collects !== true);
  return [
    `Release of ${state.id} (${state.target.instanceId}):`,
    ...changes.map(
      ({ change }) =>
        `  ${printable(change.resource)}${change.attribute === undefined ? "" : ` ${change.attribute}`}: ${brief(change.after)} -> ${brief(change.before)}  (${change.step})`,
    ),
  ];
}
