import type { CaseState } from "../../core/case.ts";
import type { Disposition } from "../../core/route.ts";
import { printable } from "../../intake/printable.ts";
import { takeIn, type TakenIn, withoutInstance } from "../../runners/intake.ts";
import { confirm } from "../confirm.ts";
import { type Desk, isWorkedElsewhere, type Session } from "../desk.ts";
import { unguessable } from "../environment.ts";
import { explain } from "../failure.ts";
import { handOverWith } from "../hand-over.ts";
import { type Order, planOrder } from "../planning.ts";
import { type OrderFlags, type Orders, readOrders } from "../orders.ts";
import { rememberConnection } from "../remembered.ts";
import { outcomeLines } from "../render/outcome.ts";
import { type PlanDocument, planLines } from "../render/plan.ts";
import { caseSummary, exitCodeOf, isProofDue, worstOf } from "../verdicts.ts";

export interface RespondFlags extends OrderFlags {
  readonly apply: boolean;
  readonly yes: boolean;
  readonly wait: boolean;
  readonly prove: boolean;
}

/** Shows what the playbook would do. Changes nothing. */
export async function plan(desk: Desk, instanceIds: readonly string[], flags: OrderFlags): Promise<number> {
  const orders = await readOrders(desk, instanceIds, flags);
  await printPlans(desk, await plansOf(desk, orders));
  sayHandOvers(desk, orders);
  if (orders.orders.length > 0)
    desk.output.narrate("Nothing was changed. `cordon respond` with the same arguments and --apply acts.");
  return sayUnplaced(desk, orders);
}

/** Shows what the playbook would do, and with --apply does it. */
export async function respond(desk: Desk, instanceIds: readonly string[], flags: RespondFlags): Promise<number> {
  if (flags.apply && !flags.yes && !desk.environment.hasTerminal) {
    await confirm(desk, { words: [], isAgreed: false, flag: "--apply" }); // Refused before anything is asked of AWS.
  }
  const orders = await readOrders(desk, instanceIds, flags);
  if (orders.orders.length + orders.handOvers.length === 0) return 0;
  if (!flags.apply) {
    if (orders.orders.length > 0) await printPlans(desk, await plansOf(desk, orders));
    sayHandOvers(desk, orders);
    desk.output.narrate("Nothing was changed. Add --apply to act.");
    return sayUnplaced(desk, orders);
  }
  const handedOver = handOverAll(desk, orders); // Beside the cases: a receiver that is slow keeps no instance open.
  const acted = orders.orders.length > 0 ? await actOnOrders(desk, orders, flags).catch(asFailure) : 0;
  const codes = [await handedOver, sayUnplaced(desk, orders)];
  if (acted instanceof Failure) throw acted.error;
  return worstOf([acted, ...codes]);
}

/** A failure that waits until everything beside it has ended. */
class Failure {
  readonly error: unknown;
  constructor(error: unknown) {
    this.error = error;
  }
}

const asFailure = (error: unknown): Failure => new Failure(error);

async function actOnOrders(desk: Desk, orders: Orders, flags: RespondFlags): Promise<number> {
  // With --yes nobody reads the plan before it is carried out: showing it would only make the intruder's time longer.
  if (!flags.yes)
    for (const each of await plansOf(desk, orders)) planLines(each).forEach((line) => desk.output.narrate(line));
  else await sayWhoAndWhere(desk, orders);
  const words = orders.orders.flatMap(({ instances }) => instances);
  await confirm(desk, { words: [...new Set(words)], isAgreed: flags.yes, flag: "--apply" });
  const states = await act(desk, orders, flags);
  await printOutcomes(desk, states);
  return worstOf(states.map(exitCodeOf));
}

async function plansOf(desk: Desk, wanted: Orders): Promise<readonly PlanDocument[]> {
  const { session, orders } = wanted;
  if (orders.length === 0) return [];
  await sayWhoAndWhere(desk, wanted);
  return (await Promise.all(orders.map((order) => planOrder(desk, session, order)))).flat();
}

/** One line for each account and Region. */
async function sayWhoAndWhere({ output }: Desk, { session, orders }: Orders): Promise<void> {
  const places = new Map(orders.map(({ finding }) => [`${finding.account} ${finding.region}`, finding]));
  const lines = await Promise.all(
    [...places.values()].map(({ account, region }) => session.connection.of(account).introduction(region)),
  );
  lines.forEach((line) => output.narrate(line));
}

function printPlans({ output }: Desk, plans: readonly PlanDocument[]): Promise<void> {
  return output.result(plans, () =>
    plans.flatMap((each, index) => (index === 0 ? planLines(each) : ["", ...planLines(each)])),
  );
}

/** Opens or joins the cases of the orders, and works on them side by side until they are settled or wait for people. */
async function act(desk: Desk, { session, orders }: Orders, flags: RespondFlags): Promise<readonly CaseState[]> {
  const ids = new Set<string>();
  for (const order of orders) for (const caseId of await receiveOrder(desk, session, order)) ids.add(caseId);
  for (const account of new Set(orders.map(({ finding }) => finding.account)))
    rememberConnection(desk.environment.home, account, session.connection.flags);
  return workOn(desk, session, { ids: [...ids], wait: flags.wait, prove: flags.prove });
}

/** What a person's order is taken in with: it is his own, so neither limits nor exempt lists stand before it. */
function takeInAt(desk: Desk, { runner, connection }: Session, disposition: Disposition): Promise<TakenIn> {
  const { environment, store, signal } = desk;
  const { person, owner } = environment;
  const handOver = handOverWith(connection, { variables: environment.variables, signal });
  const tools = { runner, store, clock: connection.clock, random: unguessable, owner, handOver };
  return takeIn(disposition, { orderedBy: person.id, actor: person }, tools);
}

/** Hands findings over. One that fails is told and counts, and keeps no other back. */
async function handOverAll(desk: Desk, { session, handOvers }: Orders): Promise<number> {
  const codes = await Promise.all(
    handOvers.map(async (disposition) => {
      const type = printable(disposition.finding.type);
      try {
        const taken = await takeInAt(desk, session, disposition);
        if (taken.kind !== "handedOver") return 0;
        const how =
          taken.receipt === null ? "had been handed over before" : `handed over (${printable(taken.receipt)})`;
        desk.output.narrate(`${type}: ${how} to ${printable(taken.to)}.`);
        return 0;
      } catch (error) {
        desk.signal.throwIfAborted();
        const { lines, exitCode } = explain(error);
        lines.forEach((line) => desk.output.complain(line));
        return exitCode;
      }
    }),
  );
  return worstOf(codes);
}

function sayHandOvers({ output }: Desk, { handOvers }: Orders): void {
  for (const { finding, target, why } of handOvers) {
    const to = target.kind === "webhook" ? target.url : target.arn;
    output.narrate(`${printable(finding.type)} would be handed over to ${to}: ${printable(why)}.`);
  }
}

/** Names what could not be acted on, and gives the exit code for it. */
function sayUnplaced({ output }: Desk, { unplaced }: Orders): number {
  const codes = unplaced.map((disposition) => {
    const { lines } = explain(withoutInstance(disposition));
    lines.forEach((line) => output.complain(line));
    return 3; // The rest was done: wrong usage would say that nothing was.
  });
  return worstOf(codes);
}

async function receiveOrder(desk: Desk, session: Session, order: Order): Promise<readonly string[]> {
  const taken = await takeInAt(desk, session, order);
  const received = taken.kind === "cases" ? taken.cases : [];
  for (const { caseId, how } of received)
    if (how !== "opened")
      desk.output.narrate(
        `${caseId} is open on this instance: ${how === "joined" ? "the finding joined it" : "it knows this finding"}.`,
      );
  return received.map(({ caseId }) => caseId);
}

/** How often a case that waits is looked at, for what other processes wrote. */
const LOOK_MS = 1000;

/**
 * Works on cases side by side. Those on which another process works are left to it. One that fails keeps no other from being
 * worked on: it is named, and counts as its journal says it stands. If all fail, the first failure is thrown.
 */
export async function workOn(
  desk: Desk,
  { runner, connection }: Session,
  { ids, wait, prove = false }: { readonly ids: readonly string[]; readonly wait: boolean; readonly prove?: boolean },
): Promise<readonly CaseState[]> {
  const failures: unknown[] = [];
  const states = await Promise.all(
    ids.map((id) =>
      workOnOne(desk, { runner, connection }, { id, wait, prove }).catch(async (error: unknown) => {
        failures.push(error);
        if (ids.length > 1 && !desk.signal.aborted) desk.output.complain(`${id}: ${explain(error).lines.join(" ")}`);
        return runner.load(id).catch(() => null);
      }),
    ),
  );
  desk.signal.throwIfAborted();
  if (failures.length === ids.length && failures.length > 0) throw failures[0];
  return states.flatMap((state) => (state === null ? [] : [state]));
}

async function workOnOne(
  desk: Desk,
  { runner, connection }: Session,
  { id, wait, prove }: { readonly id: string; readonly wait: boolean; readonly prove: boolean },
): Promise<CaseState> {
  if (await isWorkedElsewhere(desk, id, connection.clock.now())) {
    desk.output.narrate(`${id}: another process is at work on it and carries this out.`);
    return runner.load(id);
  }
  return runner.work(id, {
    signal: desk.signal,
    waitForPeople: wait,
    ...(prove ? { isProofDue } : {}),
    ...(wait || prove ? { pollMs: LOOK_MS } : {}),
  });
}

/** Prints what came of the cases. As JSON lines the events were the output already. */
export function printOutcomes({ output }: Desk, states: readonly CaseState[]): Promise<void> {
  if (output.format === "jsonl") return Promise.resolve();
  return output.result(states.map(caseSummary), () =>
    states.flatMap((state, index) => (index === 0 ? outcomeLines(state) : ["", ...outcomeLines(state)])),
  );
}
