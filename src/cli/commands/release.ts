import { type CaseState, statusOf } from "../../core/case.ts";
import { confirm } from "../confirm.ts";
import { casesNamed, type Desk, isOver, sessionOf } from "../desk.ts";
import { wrongUsage } from "../failure.ts";
import { brief, printable } from "../render/story.ts";
import { printOutcomes, workOn } from "./respond.ts";

export interface ReleaseFlags {
  readonly yes: boolean;
  readonly reason?: string;
  /** Ids of changes whose present state becomes the new truth. */
  readonly accept: readonly string[];
}

/** Puts back what was changed, as it was recorded. */
export async function release(desk: Desk, names: readonly string[], flags: ReleaseFlags): Promise<number> {
  const found = (await Promise.all(names.map((name) => casesNamed(desk.store, name)))).flat();
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
  for (const state of open) done.push(await releaseOne(desk, state, flags));
  await printOutcomes(desk, done);
  return done.every((state) => state.release?.ended === "released") ? 0 : 3;
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
  const [released] = await workOn(desk, session, { ids: [state.id], wait: false });
  return released ?? state;
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
