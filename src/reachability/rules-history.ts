/** What an interface's groups let through during the whole time, from the events that changed it and what AWS shows now. */
import type { GroupRule } from "./described.ts";
import { groupStates, type GroupStates, ruleKey } from "./group-states.ts";
import { type HistoryEvent, type IdentifiedRule, recordedChange, type RecordedChange } from "./recorded-change.ts";
import { isSealed } from "./sealed.ts";

export interface InterfaceFacts {
  readonly id: string;
  readonly instanceId: string;
  /** Whether it is the instance's first: it begins with the instance's last start, every other with its creation. */
  readonly isPrimary: boolean;
  /** The instance's last start, in milliseconds since 1970. */
  readonly startedAt: number;
  readonly groupsNow: readonly string[];
  /** What the seal read and wrote; null if no step of the case changed the groups. */
  readonly seal: { readonly before: readonly string[]; readonly after: readonly string[] } | null;
}

export interface RulesHistory {
  readonly from: number;
  readonly ever: readonly GroupRule[] | null;
  readonly always: readonly GroupRule[];
  readonly gaps: readonly string[];
}

/** A stretch of time, and the sets of groups that the interface may have had in it: several if changes share a second. */
interface Span {
  readonly from: number;
  readonly to: number;
  readonly options: readonly (readonly string[])[];
}

const SECOND_MS = 1000;

const MAKES_INTERFACES: ReadonlySet<string> = new Set(["RunInstances", "CreateNetworkInterface"]);

/** Every group that the interface had, as far as the events and AWS now show it. */
export function groupsEver(events: readonly HistoryEvent[], facts: InterfaceFacts): readonly string[] {
  const ofInterface = changesOf(events).flatMap((change) => groupsIn(change, facts));
  return [...new Set([...ofInterface.flat(), ...facts.groupsNow, ...(facts.seal?.before ?? [])])];
}

/** When the event of the seal was made; null if it is not among the events. */
export function sealEventAt(events: readonly HistoryEvent[], facts: InterfaceFacts): number | null {
  const after = facts.seal?.after ?? facts.groupsNow;
  const seals = changesOf(events).filter(
    (change) => change.kind === "groups-set" && isOf(change.of, facts) && isSame(change.groupIds, after),
  );
  return seals.length === 0 ? null : Math.max(...seals.flatMap(({ at }) => at ?? []));
}

/**
 * The rules of the whole time. `rulesNow` has the present rules of each group; null for one whose rules AWS does not show.
 *
 * The chain must close: the groups that the interface was made with, and every recorded change, lead to what the seal read
 * and to what is there now; each rule that was added is there or was removed. Else `ever` is null and the gaps say why.
 */
export function rulesHistoryOf(
  events: readonly HistoryEvent[],
  facts: InterfaceFacts,
  rulesNow: ReadonlyMap<string, readonly IdentifiedRule[] | null>,
): RulesHistory {
  const changes = changesOf(events);
  const made = changes.find(
    ({ kind, ...change }) => kind === "interfaces-made" && "made" in change && hasMade(change.made, facts),
  );
  const from = facts.isPrimary ? facts.startedAt : (made?.at ?? facts.startedAt);
  if (made === undefined || made.at === null)
    return unknown(from, [`no event shows which groups ${facts.id} had at first`]);
  const spans = spansOf(changes, facts, made.at).filter(({ to }) => to >= from);
  const ids = new Set(spans.flatMap(({ options }) => options.flat()));
  const gaps = [...unreadable(changes, facts, ids), ...chainGaps(spans, facts)];
  const states = new Map<string, GroupStates>();
  for (const id of ids) {
    const now = rulesNow.get(id) ?? null;
    if (now === null) gaps.push(`AWS does not show the rules of ${id}`);
    else {
      const found = groupStates(id, now, changes);
      states.set(id, found);
      gaps.push(...found.gaps);
    }
  }
  if (gaps.length > 0) return unknown(from, [...new Set(gaps)]);
  return { from, ever: everOf(spans, states, from), always: alwaysOf(spans, states, from), gaps: [] };
}

function unknown(from: number, gaps: readonly string[]): RulesHistory {
  return { from, ever: null, always: [], gaps };
}

function changesOf(events: readonly HistoryEvent[]): readonly RecordedChange[] {
  const once = new Map(events.map((event) => [event.id ?? event.document, event]));
  return [...once.values()].flatMap((event) => recordedChange(event) ?? []);
}

function isOf(id: string, { id: own, instanceId, isPrimary }: InterfaceFacts): boolean {
  return id === own || (isPrimary && id === instanceId);
}

function hasMade(made: readonly { readonly interfaceId: string }[], { id }: InterfaceFacts): boolean {
  return made.some(({ interfaceId }) => interfaceId === id);
}

function groupsIn(change: RecordedChange, facts: InterfaceFacts): readonly (readonly string[])[] {
  if (change.kind === "groups-set") return isOf(change.of, facts) ? [change.groupIds] : [];
  if (change.kind !== "interfaces-made") return [];
  return change.made.filter(({ interfaceId }) => interfaceId === facts.id).map(({ groupIds }) => groupIds);
}

/** Each stretch begins with a second in which the groups changed, and ends with the next such second. */
function spansOf(changes: readonly RecordedChange[], facts: InterfaceFacts, madeAt: number): readonly Span[] {
  const bySecond = new Map<number, (readonly string[])[]>();
  for (const change of changes) {
    if (change.at === null || change.at < madeAt) continue;
    const sets = groupsIn(change, facts);
    if (sets.length > 0) bySecond.set(change.at, [...(bySecond.get(change.at) ?? []), ...sets]);
  }
  const seconds = [...bySecond.keys()].sort((one, other) => one - other);
  return seconds.map((second, index) => {
    const next = seconds[index + 1];
    return {
      from: second,
      to: next === undefined ? Infinity : next + SECOND_MS - 1,
      options: bySecond.get(second) ?? [],
    };
  });
}

function unreadable(changes: readonly RecordedChange[], facts: InterfaceFacts, groups: ReadonlySet<string>): string[] {
  return changes.flatMap((change) => {
    if (change.kind !== "unreadable") return [];
    // An interface is made once, and the event that made this one was read.
    if (MAKES_INTERFACES.has(change.name)) return [];
    const isElsewhere = change.of !== null && !isOf(change.of, facts) && !groups.has(change.of);
    return isElsewhere ? [] : [`an event cannot be read (${change.name})`];
  });
}

function chainGaps(spans: readonly Span[], { id, groupsNow, seal }: InterfaceFacts): readonly string[] {
  const last = spans.at(-1);
  if (!last?.options.some((option) => isSame(option, groupsNow)))
    return [`the recorded changes of ${id} do not lead to the groups that it has`];
  if (seal === null) return [];
  const isClosed = spans.some(
    ({ options }, index) =>
      options.some((option) => isSame(option, seal.after)) &&
      [...(spans[index - 1]?.options ?? []), ...options].some((option) => isSame(option, seal.before)),
  );
  return isClosed ? [] : [`the recorded changes of ${id} do not lead to the groups that the seal found`];
}

function everOf(spans: readonly Span[], states: ReadonlyMap<string, GroupStates>, from: number): readonly GroupRule[] {
  const found = new Map<string, GroupRule>();
  for (const span of spans)
    for (const groupId of new Set(span.options.flat()))
      for (const rule of states.get(groupId)?.possible(Math.max(span.from, from), span.to) ?? [])
        found.set(ruleKey(rule), rule);
  return [...found.values()];
}

/** Rules of every stretch in which a packet could match one: nothing begins, and nothing untracked goes on, while none can. */
function alwaysOf(
  spans: readonly Span[],
  states: ReadonlyMap<string, GroupStates>,
  from: number,
): readonly GroupRule[] {
  const stretches = spans.flatMap(({ from: begin, to, options }) =>
    options.flatMap((option) => {
      const of = (which: "possible" | "certain"): readonly GroupRule[] =>
        option.flatMap((groupId) => states.get(groupId)?.[which](Math.max(begin, from), to) ?? []);
      return isSealed(of("possible")) ? [] : [of("certain")];
    }),
  );
  const [first = [], ...others] = stretches.map((rules) => new Map(rules.map((rule) => [ruleKey(rule), rule])));
  return [...first].flatMap(([key, rule]) => (others.every((each) => each.has(key)) ? [rule] : []));
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return new Set(one).size === new Set(other).size && one.every((id) => other.includes(id));
}
