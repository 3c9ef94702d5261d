import type { CaseState } from "../core/case.ts";
import { CordonError } from "../core/errors.ts";
import type { Stage } from "../core/playbook.ts";
import type { Disposition } from "../core/route.ts";
import { asks } from "../engine/ask.ts";
import { receive } from "../runners/reception.ts";
import { openSqlite } from "../store/sqlite.ts";
import { memoryVault } from "../vault/memory.ts";
import { createResponder, registry } from "./compose.ts";
import { allCases, type Desk, isOver, type Session } from "./desk.ts";
import { unguessable } from "./environment.ts";
import { foreignUses } from "./foreign.ts";
import { type PlanDocument, planDocument } from "./render/plan.ts";

/** A finding that something is to be done about. */
export type Order = Extract<Disposition, { kind: "case" }>;

/** Plans every step of the playbook for every instance of the finding. Reads AWS, changes nothing, keeps nothing. */
export async function planOrder(desk: Desk, { connection }: Session, order: Order): Promise<readonly PlanDocument[]> {
  const memory = openSqlite(":memory:");
  // The groups that setup recorded decide which ones are used: a plan without them would not be the plan.
  const store = { ...memory, preparedGroups: desk.store.preparedGroups.bind(desk.store) };
  const { playbook } = order;
  const stages = playbook.stages.flatMap(planned);
  const rehearsed = {
    ...playbook,
    stages: stages.map((stage, index) => ({ ...stage, alongside: index < stages.length - 1 })),
  };
  const runner = createResponder({
    clock: connection.clock,
    random: unguessable,
    store,
    vault: memoryVault(),
    settings: desk.environment.config,
    playbooks: [rehearsed],
    owner: desk.environment.owner,
    plansOnly: true,
    clients: (target) => connection.of(target.account).clients(target),
    evidence: (target) => connection.evidence?.clients(target) ?? null,
  });
  try {
    const orderedBy = desk.environment.person.id;
    const cases = await receive(
      { ...order, playbook: rehearsed, orderedBy, actor: desk.environment.person },
      { runner, store, clock: connection.clock, random: unguessable, owner: desk.environment.owner },
    );
    const { account, region } = order.finding;
    const [foreign, ...states] = await Promise.all([
      foreignUses(desk, connection.of(account).direct(region), { account, region }),
      ...cases.map(({ caseId }) => runner.work(caseId, { signal: desk.signal })),
    ]);
    assertAnyIsThere(states);
    const known = await allCases(desk.store);
    return states.map((state) =>
      planDocument({
        state,
        playbook,
        registry,
        foreign,
        joins: openCaseOf(known, state)?.id ?? null,
        asks: (stage) => asks({ verdict: state.verdict, orderedBy, mustAsk: null }, playbook, stage),
      }),
    );
  } finally {
    memory.close();
  }
}

/**
 * Without any of its instances a plan plans nothing. Where only some are gone, the others are what matters.
 *
 * @throws CordonError `instance_not_found`
 */
function assertAnyIsThere(states: readonly CaseState[]): void {
  const isGone = ({ steps }: CaseState): boolean =>
    [...steps.values()].some(({ failure }) => failure?.code === "instance_not_found");
  const [first] = states;
  if (first === undefined || !states.every(isGone)) return;
  const { instanceId, account, region } = first.target;
  throw new CordonError("instance_not_found", { instanceId, account, region });
}

/** A stage that begins with all others and asks nobody. What only looks is left out: it has nothing to look at yet. */
function planned(stage: Stage): readonly Stage[] {
  const own = [...(stage.around ? [stage.around] : []), ...stage.steps];
  const steps = own.filter(({ use }) => registry.get(use)?.kind !== "assessment");
  return steps.length === 0 ? [] : [{ ...stage, steps, around: null, within: null, needs: [], approval: null }];
}

function openCaseOf(known: readonly CaseState[], { target }: CaseState): CaseState | undefined {
  return known.findLast(
    (each) =>
      each.target.instanceId === target.instanceId &&
      each.target.account === target.account &&
      each.target.region === target.region &&
      !isOver(each) &&
      !each.release,
  );
}
