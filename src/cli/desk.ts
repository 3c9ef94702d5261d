import { join } from "node:path";
import { systemClock } from "../core/clock.ts";
import { type CaseState, caseOf, statusOf } from "../core/case.ts";
import { heldOpen } from "../core/open-windows.ts";
import type { JournalEvent } from "../core/journal.ts";
import type { Playbook } from "../core/playbook.ts";
import type { Store } from "../core/store.ts";
import { CordonError } from "../core/errors.ts";
import type { LocalRunner } from "../runners/local.ts";
import { assertPlaybooksKnown } from "../intake/routes.ts";
import { openSqlite } from "../store/sqlite.ts";
import type { Vault } from "../core/vault.ts";
import { openVault } from "./evidence-vault.ts";
import { createResponder } from "./compose.ts";
import { assertAccount, connect, type Connection, type ConnectionFlags } from "./connection.ts";
import { type Environment, homeWarning, isDeadOwner, makeHome, readEnvironment, unguessable } from "./environment.ts";
import { explain } from "./failure.ts";
import type { Output } from "./output.ts";
import { recallConnection } from "./remembered.ts";
import { changeLine } from "./render/change.ts";
import { SharedLimits } from "./shared-limits.ts";
import { SealWatch } from "./render/seal-watch.ts";
import { StepList } from "./render/step-list.ts";
import { storyLine } from "./render/story.ts";
import { loadPlaybooks } from "./shipped.ts";

/** What a command works with: the store, the playbooks, the connections to AWS. */
export interface Desk {
  readonly command: string;
  readonly environment: Environment;
  readonly output: Output;
  readonly store: Store;
  readonly limits: SharedLimits;
  /** Where the evidence lies. */
  vault(): Promise<Vault>;
  /** Milliseconds since 1970, of this machine. */
  now(): number;
  readonly playbooks: readonly Playbook[];
  readonly flags: ConnectionFlags;
  readonly signal: AbortSignal;
}

/** A runner and the connection that it acts over. */
export interface Session {
  readonly connection: Connection;
  readonly runner: LocalRunner;
}

export interface DeskOptions {
  readonly command: string;
  readonly flags: ConnectionFlags;
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** Opens the store, seals what an earlier process left open, does the work, and closes the store. */
export async function atDesk<Result>(options: DeskOptions, work: (desk: Desk) => Promise<Result>): Promise<Result> {
  const environment = readEnvironment();
  makeHome(environment.home);
  const warning = homeWarning(environment.home);
  if (warning !== null) options.output.narrate(warning);
  const store = openSqlite(join(environment.home, "store.sqlite"));
  const limits = new SharedLimits({ store, owner: environment.owner });
  try {
    const { autonomy } = environment.config;
    const playbooks = loadPlaybooks(environment.home).map(({ playbook }) =>
      autonomy === null ? playbook : { ...playbook, autonomy },
    );
    assertPlaybooksKnown(environment.config.routes, { playbooks, file: environment.configFile });
    let vault: Promise<Vault> | undefined;
    const desk: Desk = {
      ...options,
      environment,
      store,
      limits,
      vault: () => (vault ??= openVault(environment, { ...options, limits })),
      now: systemClock.now,
      playbooks,
    };
    await sealOpenWindows(desk);
    return await work(desk);
  } finally {
    await limits.close();
    store.close();
  }
}

/** A session for new cases: connected as the flags say. */
export async function openSession(
  desk: Desk,
  flags: ConnectionFlags = desk.flags,
  onEvent?: (event: JournalEvent) => void,
): Promise<Session> {
  const { environment, store, limits, playbooks, output, command, signal } = desk;
  const connection = await connect(flags, { command, environment, limits, signal });
  if (connection.isRange) output.narrate("A range answers: its clock is used, and nothing in AWS is touched.");
  const told = { list: new StepList(), seals: new SealWatch() };
  const runner = createResponder({
    clock: connection.clock,
    random: unguessable,
    store,
    vault: await desk.vault(),
    settings: environment.config,
    playbooks,
    owner: environment.owner,
    clients: (target) => connection.of(target.account).clients(target),
    evidence: (target) => connection.evidence?.clients({ region: target.region }) ?? null,
    isDead: isDeadOwner,
    onEvent: (event) => {
      tell(desk, event, told);
      onEvent?.(event);
    },
  });
  return { connection, runner };
}

/** A session for a case that exists: connected as it was reached before, unless the flags say otherwise. */
export async function sessionOf(
  desk: Desk,
  state: CaseState,
  onEvent?: (event: JournalEvent) => void,
): Promise<Session> {
  const { account } = state.target;
  const session = await openSession(desk, recallConnection(desk.environment.home, account, desk.flags), onEvent);
  await assertAccount(session.connection, account);
  return session;
}

/** Says one event as it happens: a stamped line or the list of steps for people, or a JSON line. */
function tell(
  { output, environment }: Desk,
  event: JournalEvent,
  { list, seals }: { readonly list: StepList; readonly seals: SealWatch },
): void {
  output.line(event);
  const sealed = seals.line(event);
  if (sealed !== null) output.narrate(`${event.time.slice(11, 23)}Z  ${event.case}  ${sealed}`);
  const columns = output.liveColumns;
  if (columns !== null) {
    list.apply(event);
    output.keep(list.lines({ columns, isColoured: environment.isColoured }));
    if (list.shows(event)) return;
  }
  const line = storyLine(event);
  if (line !== null) output.narrate(`${event.time.slice(11, 23)}Z  ${event.case}  ${line}`);
  if (event.body.type === "step.planned") for (const change of event.body.changes) output.narrate(changeLine(change));
}

/** Every case of the store, oldest first. One whose journal cannot be read keeps no other from being read. */
export async function allCases(store: Store): Promise<readonly CaseState[]> {
  return (await readCases(store)).states;
}

/** A case whose journal cannot be read, and why. */
export interface UnreadableCase {
  readonly id: string;
  readonly error: unknown;
}

/** Every case of the store, oldest first, and those that cannot be read. */
export async function readCases(
  store: Store,
): Promise<{ readonly states: readonly CaseState[]; readonly unreadable: readonly UnreadableCase[] }> {
  const ids = await store.cases();
  const read = await Promise.all(
    ids.map(async (id) => {
      try {
        return caseOf(await store.read(id, 0));
      } catch (error) {
        return { id, error };
      }
    }),
  );
  return {
    states: read.flatMap((each) => ("error" in each ? [] : [each])),
    unreadable: read.flatMap((each) => ("error" in each ? [each] : [])),
  };
}

/** The exit code for what could not be read beside the rest, which was done. */
export function codeOfUnreadable(unreadable: readonly UnreadableCase[]): number {
  return unreadable.length === 0 ? 0 : 3;
}

/**
 * The cases that a person names: a case by its id, or all of an instance, oldest first.
 *
 * @throws CordonError `case_not_found`
 */
export async function casesNamed(store: Store, name: string): Promise<readonly CaseState[]> {
  const { states, unreadable } = await readCases(store);
  const found = states.filter(({ id, target }) => id === name || target.instanceId === name);
  const named = unreadable.find(({ id }) => id === name);
  if (named) throw named.error;
  if (found.length === 0) throw new CordonError("case_not_found", { case: name });
  return found;
}

/** Whether there is nothing more to do in a case, whoever looks. One that is closed may have changes to take back. */
export function isOver(state: CaseState): boolean {
  const status = statusOf(state);
  if (status === "closed")
    return ![...state.changes.values()].some(({ change, state: at }) => !change.collects && at !== "planned");
  return status === "released" || status === "ignored";
}

/** Whether another living process works on the case. */
export async function isWorkedElsewhere({ store, environment }: Desk, caseId: string, now: number): Promise<boolean> {
  const name = `case ${caseId}`;
  const held = await store.lease(name, environment.owner, now + 1000, now);
  if (held.kind === "held") return !isDeadOwner(held.owner);
  await store.unlease(name, environment.owner);
  return false;
}

/**
 * Closes what a step opened and whose process died, before anything else is done.
 *
 * Where that cannot be done the command goes on, and says so: whoever looks at the case must see it.
 */
async function sealOpenWindows(desk: Desk): Promise<void> {
  const { states, unreadable } = await readCases(desk.store);
  for (const { id, error } of unreadable)
    desk.output.complain(
      `${id} cannot be read, and nothing is done about it: ${explain(error).lines[0] ?? ""} The other cases are not affected. \`cordon evidence verify ${id}\` says what is wrong.`,
    );
  for (const state of states) {
    const open = heldOpen(state);
    if (open.length === 0 || isOver(state)) continue;
    const names = open.map(({ resource }) => resource).join(", ");
    try {
      await sealWindowsOf(desk, state, names);
    } catch (error) {
      desk.signal.throwIfAborted();
      desk.output.narrate(
        `${state.id}: ${names} may be OPEN and could not be sealed: ${explain(error).lines[0] ?? ""} \`cordon resume ${state.id}\` tries again.`,
      );
    }
  }
}

async function sealWindowsOf(desk: Desk, state: CaseState, names: string): Promise<void> {
  const sealed = new AbortController();
  const session = await sessionOf(desk, state, ({ body }) => {
    if (body.type === "change.applied" || body.type === "change.failed") void check();
  });
  const check = async (): Promise<void> => {
    if (heldOpen(await session.runner.load(state.id)).length === 0) sealed.abort(new Error("sealed"));
  };
  if (await isWorkedElsewhere(desk, state.id, session.connection.clock.now())) {
    return desk.output.narrate(`${state.id}: ${names} is open at the moment; another process is at work on it.`);
  }
  desk.output.narrate(`${state.id}: ${names} may be open since a process ended. Sealing first.`);
  try {
    await session.runner.work(state.id, { signal: AbortSignal.any([desk.signal, sealed.signal]) });
  } catch (error) {
    if (!sealed.signal.aborted) throw error;
  }
}
