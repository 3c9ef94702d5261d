import type { CaseState } from "../../core/case.ts";
import { receive } from "../../runners/reception.ts";
import { confirm } from "../confirm.ts";
import { type Desk, isWorkedElsewhere, type Session } from "../desk.ts";
import { unguessable } from "../environment.ts";
import { type Order, planOrder } from "../planning.ts";
import { type OrderFlags, type Orders, readOrders } from "../orders.ts";
import { rememberConnection } from "../remembered.ts";
import { outcomeLines } from "../render/outcome.ts";
import { type PlanDocument, planLines } from "../render/plan.ts";
import { caseSummary, exitCodeOf, worstOf } from "../verdicts.ts";

export interface RespondFlags extends OrderFlags {
  readonly apply: boolean;
  readonly yes: boolean;
  readonly wait: boolean;
}

/** Shows what the playbook would do. Changes nothing. */
export async function plan(desk: Desk, instanceIds: readonly string[], flags: OrderFlags): Promise<number> {
  const orders = await readOrders(desk, instanceIds, flags);
  await printPlans(desk, await plansOf(desk, orders));
  return 0;
}

/** Shows what the playbook would do, and with --apply does it. */
export async function respond(desk: Desk, instanceIds: readonly string[], flags: RespondFlags): Promise<number> {
  if (flags.apply && !flags.yes && !desk.environment.hasTerminal) {
    await confirm(desk, { words: [], isAgreed: false, flag: "--apply" }); // Refused before anything is asked of AWS.
  }
  const orders = await readOrders(desk, instanceIds, flags);
  if (orders.orders.length === 0) return 0;
  if (!flags.apply) {
    await printPlans(desk, await plansOf(desk, orders));
    desk.output.narrate("Nothing was changed. Add --apply to act.");
    return 0;
  }
  // With --yes nobody reads the plan before it is carried out: showing it would only make the intruder's time longer.
  if (!flags.yes)
    for (const each of await plansOf(desk, orders)) planLines(each).forEach((line) => desk.output.narrate(line));
  else await sayWhoAndWhere(desk, orders.session);
  const words = orders.orders.flatMap(({ finding }) => finding.instances);
  await confirm(desk, { words: [...new Set(words)], isAgreed: flags.yes, flag: "--apply" });
  const states = await act(desk, orders, flags);
  await printOutcomes(desk, states);
  return worstOf(states.map(exitCodeOf));
}

async function plansOf(desk: Desk, { session, orders }: Orders): Promise<readonly PlanDocument[]> {
  if (orders.length === 0) return [];
  await sayWhoAndWhere(desk, session);
  return (await Promise.all(orders.map((order) => planOrder(desk, session, order)))).flat();
}

async function sayWhoAndWhere({ output }: Desk, { connection }: Session): Promise<void> {
  const { account, arn } = await connection.identity();
  const endpoint = connection.flags.endpointUrl ?? "AWS";
  output.narrate(`Acting as ${arn} in account ${account}, ${connection.region ?? "no Region"}, at ${endpoint}`);
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
  const { account } = await session.connection.identity();
  rememberConnection(desk.environment.home, account, session.connection.flags);
  return workOn(desk, session, { ids: [...ids], wait: flags.wait });
}

async function receiveOrder(desk: Desk, { runner, connection }: Session, order: Order): Promise<readonly string[]> {
  const { environment, store, output } = desk;
  const { person, owner } = environment;
  const tools = { runner, store, now: () => connection.clock.now(), random: unguessable, owner };
  const received = await receive({ ...order, orderedBy: person.id, actor: person }, tools);
  for (const { caseId, how } of received)
    if (how !== "opened")
      output.narrate(
        `${caseId} is open on this instance: ${how === "joined" ? "the finding joined it" : "it knows this finding"}.`,
      );
  return received.map(({ caseId }) => caseId);
}

/** How often a case that waits is looked at, for what other processes wrote. */
const LOOK_MS = 1000;

/** Works on cases side by side. Those on which another process works are left to it. */
export async function workOn(
  desk: Desk,
  { runner, connection }: Session,
  { ids, wait }: { readonly ids: readonly string[]; readonly wait: boolean },
): Promise<readonly CaseState[]> {
  return Promise.all(
    ids.map(async (id) => {
      if (await isWorkedElsewhere(desk, id, connection.clock.now())) {
        desk.output.narrate(`${id}: another process is at work on it and carries this out.`);
        return runner.load(id);
      }
      return runner.work(id, { signal: desk.signal, waitForPeople: wait, ...(wait ? { pollMs: LOOK_MS } : {}) });
    }),
  );
}

/** Prints what came of the cases. As JSON lines the events were the output already. */
export function printOutcomes({ output }: Desk, states: readonly CaseState[]): Promise<void> {
  if (output.format === "jsonl") return Promise.resolve();
  return output.result(states.map(caseSummary), () =>
    states.flatMap((state, index) => (index === 0 ? outcomeLines(state) : ["", ...outcomeLines(state)])),
  );
}
