/** The rules of one group over time, from what it has now back through the recorded changes. */
import type { GroupRule } from "./described.ts";
import type { IdentifiedRule, RecordedChange } from "./recorded-change.ts";

export interface GroupStates {
  /** Rules that the group may have had at some moment of a stretch, both ends included. */
  possible(from: number, to: number): readonly GroupRule[];
  /** Rules that it had at every moment of it. */
  certain(from: number, to: number): readonly GroupRule[];
  /** Why the chain of changes does not close. */
  readonly gaps: readonly string[];
}

/** From a time on until the next, the group had these rules; `touched` are those that a change of that second added or removed. */
interface State {
  readonly from: number;
  readonly to: number;
  readonly rules: ReadonlyMap<string, GroupRule>;
}

interface Touch {
  readonly at: number;
  readonly rules: ReadonlyMap<string, GroupRule>;
}

interface Step {
  readonly at: number;
  readonly added: readonly GroupRule[];
  readonly removed: readonly GroupRule[];
}

const SECOND_MS = 1000;

/** Two rules of one key are the same rule for AWS, which shows all ports as -1 or leaves them out. */
export function ruleKey({ direction, protocol, fromPort, toPort, peer }: GroupRule): string {
  const isForAllPorts = protocol === "-1" || ((fromPort ?? -1) === -1 && (toPort ?? -1) === -1);
  return `${direction} ${protocol} ${isForAllPorts ? "all" : `${fromPort ?? ""} ${toPort ?? ""}`} ${peer}`;
}

export function groupStates(
  groupId: string,
  now: readonly IdentifiedRule[],
  changes: readonly RecordedChange[],
): GroupStates {
  const gaps: string[] = [];
  const steps = stepsOf(groupId, now, { changes, gaps });
  const states: State[] = [];
  const touches: Touch[] = [];
  let rules: ReadonlyMap<string, GroupRule> = byKey(now.map(({ rule }) => rule));
  let to = Infinity;
  for (const second of [...new Set(steps.map(({ at }) => at))].sort((one, other) => other - one)) {
    states.push({ from: second, to, rules });
    const here = steps.filter(({ at }) => at === second);
    touches.push({ at: second, rules: byKey(here.flatMap(({ added, removed }) => [...added, ...removed])) });
    rules = before(rules, here, (what) => gaps.push(`${what} in ${groupId}`));
    to = second + SECOND_MS - 1;
  }
  states.push({ from: -Infinity, to, rules });
  const during = (from: number, until: number): readonly State[] =>
    states.filter((each) => each.from <= until && each.to >= from);
  const touched = (from: number, until: number): readonly Touch[] =>
    touches.filter(({ at }) => at <= until && at + SECOND_MS > from);
  return {
    gaps,
    possible: (from, until) => [
      ...byKey([...during(from, until), ...touched(from, until)].flatMap((each) => [...each.rules.values()])).values(),
    ],
    certain: (from, until) => {
      const [first, ...others] = during(from, until);
      const changed = touched(from, until);
      return [...(first?.rules ?? new Map<string, GroupRule>())]
        .filter(([key]) => others.every((each) => each.rules.has(key)) && !changed.some((each) => each.rules.has(key)))
        .map(([, rule]) => rule);
    },
  };
}

/**
 * What was there before the changes of one second, whose order nobody knows: a rule is added only if it is not there, and
 * removed only if it is, so that the counts say it.
 */
function before(
  after: ReadonlyMap<string, GroupRule>,
  steps: readonly Step[],
  miss: (what: string) => void,
): ReadonlyMap<string, GroupRule> {
  const result = new Map(after);
  const added = steps.flatMap((step) => step.added);
  const removed = steps.flatMap((step) => step.removed);
  for (const [key, rule] of byKey([...added, ...removed])) {
    const count = (list: readonly GroupRule[]): number => list.filter((each) => ruleKey(each) === key).length;
    const was = (after.has(key) ? 1 : 0) - count(added) + count(removed);
    if (was < 0) miss(`a rule (${key}) was added and is gone, and no event removes it`);
    else if (was > 1) miss(`a rule (${key}) was removed twice, and no event adds it between`);
    if (was > 0) result.set(key, rule);
    else result.delete(key);
  }
  return result;
}

/** The changes of the group with rules in place of ids. A changed rule is one removed and one added. */
function stepsOf(
  groupId: string,
  now: readonly IdentifiedRule[],
  { changes, gaps }: { readonly changes: readonly RecordedChange[]; readonly gaps: string[] },
): readonly Step[] {
  const own = changes
    .flatMap((change) => ("groupId" in change && change.groupId === groupId ? [change] : []))
    .sort((one, other) => one.at - other.at);
  const known = new Map<string, GroupRule>();
  const last = new Map(now.flatMap(({ id, rule }) => (id === null ? [] : [[id, rule] as const])));
  const learn = (rules: readonly IdentifiedRule[]): void => {
    for (const { id, rule } of rules) if (id !== null) known.set(id, rule);
  };
  const find = (id: string, at: number): readonly GroupRule[] => {
    const rule = known.get(id);
    if (rule === undefined)
      gaps.push(`no event shows what rule ${id} of ${groupId} was before ${new Date(at).toISOString()}`);
    return rule === undefined ? [] : [rule];
  };
  return own.map((change): Step => {
    const { at } = change;
    if (change.kind === "rules-added") {
      learn(change.rules);
      return { at, added: change.rules.map(({ rule }) => rule), removed: [] };
    }
    if (change.kind === "rules-removed") {
      const byId = change.ids.flatMap((id) => find(id, at));
      return { at, added: [], removed: [...change.rules.map(({ rule }) => rule), ...byId] };
    }
    const removed = change.rules.flatMap(({ id }) => (id === null ? [] : find(id, at)));
    // The row leaves out the direction, which a change keeps.
    const added = change.rules.map(({ id, rule }) => {
      const was = known.get(id ?? "") ?? last.get(id ?? "");
      return { ...rule, direction: was?.direction ?? rule.direction };
    });
    learn(change.rules.map(({ id }, index) => ({ id, rule: added[index] as GroupRule })));
    return { at, added, removed };
  });
}

function byKey(rules: readonly GroupRule[]): ReadonlyMap<string, GroupRule> {
  return new Map(rules.map((rule) => [ruleKey(rule), rule]));
}
