import type { Disposition } from "../../core/route.ts";
import { printable } from "../../intake/printable.ts";
import { takeIn, type TakenIn, withoutInstance } from "../../runners/intake.ts";
import { type Received, ReceptionFailure } from "../../runners/reception.ts";
import { confirm } from "../confirm.ts";
import type { Desk, Session } from "../desk.ts";
import { unguessable } from "../environment.ts";
import { codeBeside, explain } from "../failure.ts";
import { handOverWith } from "../hand-over.ts";
import { type Order, planOrder } from "../planning.ts";
import { type OrderFlags, type Orders, readOrders } from "../orders.ts";
import { rememberConnection } from "../remembered.ts";
import { type PlanDocument, planLines } from "../render/plan.ts";
import { exitCodeOf, worstOf } from "../verdicts.ts";
import { printOutcomes, type Worked, workOn } from "./work-on.ts";

export interface RespondFlags extends OrderFlags {
  readonly apply: boolean;
  readonly yes: boolean;
  readonly wait: boolean;
  readonly prove: boolean;
}

/** Shows what the playbook would do. Changes nothing. */
export async function plan(desk: Desk, instanceIds: readonly string[], flags: OrderFlags): Promise<number> {
  const orders = await readOrders(desk, instanceIds, flags);
  const { plans, exitCode } = await plansOf(desk, orders);
  await printPlans(desk, plans);
  sayHandOvers(desk, orders);
  if (orders.orders.length > 0)
    desk.output.narrate("Nothing was changed. `cordon respond` with the same arguments and --apply acts.");
  return worstOf([exitCode, orders.exitCode, sayUnplaced(desk, orders)]);
}

/** Shows what the playbook would do, and with --apply does it. */
export async function respond(desk: Desk, instanceIds: readonly string[], flags: RespondFlags): Promise<number> {
  if (flags.apply && !flags.yes && !desk.environment.hasTerminal) {
    await confirm(desk, { words: [], isAgreed: false, flag: "--apply" }); // Refused before anything is asked of AWS.
  }
  const orders = await readOrders(desk, instanceIds, flags);
  if (orders.orders.length + orders.handOvers.length === 0) return 0;
  if (!flags.apply) {
    const { plans, exitCode } = await plansOf(desk, orders);
    if (orders.orders.length > 0) await printPlans(desk, plans);
    sayHandOvers(desk, orders);
    desk.output.narrate("Nothing was changed. Add --apply to act.");
    return worstOf([exitCode, orders.exitCode, sayUnplaced(desk, orders)]);
  }
  const handedOver = handOverAll(desk, orders); // Beside the cases: a receiver that is slow keeps no instance open.
  const acted = orders.orders.length > 0 ? await actOnOrders(desk, orders, flags).catch(asFailure) : 0;
  const codes = [orders.exitCode, await handedOver, sayUnplaced(desk, orders)];
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
  const { wanted, exitCode } = flags.yes ? await introduced(desk, orders) : await planned(desk, orders);
  const words = wanted.orders.flatMap(({ instances }) => instances);
  await confirm(desk, { words: [...new Set(words)], isAgreed: flags.yes, flag: "--apply" });
  const { states, exitCode: failed } = await act(desk, wanted, flags);
  await printOutcomes(desk, states);
  return worstOf([exitCode, failed, ...states.map(exitCodeOf)]);
}

/** What is acted on, and the exit code for what is not. */
interface Wanted {
  readonly wanted: Orders;
  readonly exitCode: number;
}

/** With --yes nobody reads the plan before it is carried out: showing it would only make the intruder's time longer. */
async function introduced(desk: Desk, orders: Orders): Promise<Wanted> {
  await sayWhoAndWhere(desk, orders);
  return { wanted: orders, exitCode: 0 };
}

/** What cannot be planned is not acted on: nobody has read what would be done. */
async function planned(desk: Desk, orders: Orders): Promise<Wanted> {
  const { plans, planned: known, exitCode } = await plansOf(desk, orders);
  for (const each of plans) planLines(each).forEach((line) => desk.output.narrate(line));
  return { wanted: { ...orders, orders: known }, exitCode };
}

interface Plans {
  readonly plans: readonly PlanDocument[];
  /** The orders that could be planned. */
  readonly planned: readonly Order[];
  /** The highest exit code of those that could not; 0 if all could. */
  readonly exitCode: number;
}

/** Plans every order. One that cannot be planned is named, and the others are planned; if none can, the first failure is thrown. */
async function plansOf(desk: Desk, wanted: Orders): Promise<Plans> {
  const { session, orders } = wanted;
  await sayWhoAndWhere(desk, wanted);
  const each = await Promise.all(
    orders.map((order) => planOrder(desk, session, order).then((plans) => ({ order, plans }), asFailure)),
  );
  desk.signal.throwIfAborted();
  const failed = each.flatMap((one) => (one instanceof Failure ? [one] : []));
  const done = each.flatMap((one) => (one instanceof Failure ? [] : [one]));
  const [first] = failed;
  if (first && done.length === 0) throw first.error;
  each.forEach((one, index) => {
    const instances = orders[index]?.instances.join(", ") ?? "";
    if (one instanceof Failure)
      desk.output.complain(`${instances}: no plan was made. ${explain(one.error).lines.join(" ")}`);
  });
  return {
    plans: done.flatMap(({ plans }) => plans),
    planned: done.map(({ order }) => order),
    exitCode: worstOf(failed.map(({ error }) => codeBeside(error))),
  };
}

/** One line for each account and Region. Where nobody says who is calling, the order itself says what is wrong. */
async function sayWhoAndWhere({ output }: Desk, { session, orders }: Orders): Promise<void> {
  const places = new Map(orders.map(({ finding }) => [`${finding.account} ${finding.region}`, finding]));
  const lines = await Promise.all(
    [...places.values()].map(({ account, region }) =>
      session.connection
        .of(account)
        .introduction(region)
        .catch((error: unknown) => `Account ${account}, ${region}: ${explain(error).lines.join(" ")}`),
    ),
  );
  lines.forEach((line) => output.narrate(line));
}

function printPlans({ output }: Desk, plans: readonly PlanDocument[]): Promise<void> {
  return output.result(plans, () =>
    plans.flatMap((each, index) => (index === 0 ? planLines(each) : ["", ...planLines(each)])),
  );
}

/**
 * Opens or joins the cases of the orders, and works on them side by side until they are settled or wait for people. An order
 * or an instance that cannot be taken in is named, and the others are worked on.
 */
async function act(desk: Desk, { session, orders }: Orders, flags: RespondFlags): Promise<Worked> {
  const ids = new Set<string>();
  const failures: unknown[] = [];
  for (const order of orders) {
    const received = await receiveOrder(desk, session, order).catch(asFailure);
    const parts =
      received instanceof Failure ? partsOf(desk, received.error, order) : { caseIds: received, errors: [] };
    parts.caseIds.forEach((caseId) => ids.add(caseId));
    failures.push(...parts.errors);
  }
  if (ids.size === 0 && failures.length > 0) throw failures[0];
  for (const account of new Set(orders.map(({ finding }) => finding.account)))
    remember(desk, account, session.connection.flags);
  const worked = await workOn(desk, session, { ids: [...ids], wait: flags.wait, prove: flags.prove });
  return { ...worked, exitCode: worstOf([worked.exitCode, ...failures.map(codeBeside)]) };
}

/** Names each instance that was not taken in, and gives the cases of those that were. */
function partsOf(
  desk: Desk,
  error: unknown,
  { instances }: Order,
): { readonly caseIds: readonly string[]; readonly errors: readonly unknown[] } {
  desk.signal.throwIfAborted();
  const { received, failures } =
    error instanceof ReceptionFailure
      ? error
      : { received: [], failures: [{ instanceId: instances.join(", "), error }] };
  for (const failure of failures)
    desk.output.complain(
      `${failure.instanceId}: no case was opened, and nothing was changed there. ${explain(failure.error).lines.join(" ")}`,
    );
  return { caseIds: sayReceived(desk, received), errors: failures.map((failure) => failure.error) };
}

/** How an account was reached only saves typing: a note that cannot be written keeps nothing from being cut off. */
function remember(desk: Desk, account: string, flags: Session["connection"]["flags"]): void {
  try {
    rememberConnection(desk.environment.home, account, flags);
  } catch (error) {
    desk.output.complain(
      `How account ${account} was reached could not be noted (${explain(error).lines[0] ?? ""}): give the same flags to the next command.`,
    );
  }
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
  return sayReceived(desk, taken.kind === "cases" ? taken.cases : []);
}

function sayReceived(desk: Desk, received: readonly Received[]): readonly string[] {
  for (const { caseId, how } of received)
    if (how !== "opened")
      desk.output.narrate(
        `${caseId} is open on this instance: ${how === "joined" ? "the finding joined it" : "it knows this finding"}.`,
      );
  return received.map(({ caseId }) => caseId);
}
