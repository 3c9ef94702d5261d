/** Reads what the rules of a case's interfaces were during the whole time, from CloudTrail's event history. */
import { REMEMBERED_MS } from "../../aws/cloudtrail-events.ts";
import { type HistoryReading, readEvents } from "../../aws/event-history.ts";
import { ownersOfGroups } from "../../aws/group-owners.ts";
import { ifReadable } from "../../aws/if-readable.ts";
import { findInstance } from "../../aws/instances.ts";
import { type PresentRule, rulesOfGroups } from "../../aws/network-state.ts";
import type { NetworkInterface } from "../../aws/network-interfaces.ts";
import type { ChangeView, StepContext } from "../../core/step.ts";
import type { GroupRule } from "../../reachability/described.ts";
import { RULE_EVENTS } from "../../reachability/recorded-change.ts";
import { groupsEver, type InterfaceFacts, rulesHistoryOf, sealEventAt } from "../../reachability/rules-history.ts";
import type { RuleHistory } from "../../reachability/history.ts";

/** AWS delivers an event some five minutes after the call; what it has not delivered after this long is late. */
export const DELIVERED_MS = 15 * 60_000;

/** When a history is read again, after the seal: a late event voids what was concluded without it. */
const READ_AGAIN_MS = [DELIVERED_MS, 30 * 60_000, 2 * 3_600_000] as const;

/** What one proof takes for lookups. A pass that needs longer goes on with the next proof. */
export const READ_WITHIN_MS = 20_000;

interface Reading {
  readonly events: HistoryReading["events"];
  /** When the oldest of the passes began; null if one is not complete. */
  readonly readAt: number | null;
  readonly gaps: readonly string[];
  readonly pages: readonly string[];
}

interface Situation {
  readonly facts: InterfaceFacts;
  /** When the case knows the interface as sealed, in milliseconds since 1970. */
  readonly sealedAt: number;
}

/**
 * The rules of each interface during the whole time, by the interface's id.
 *
 * Nothing is looked up until the events of the seal can be there, 15 min after it, and nothing for an instance that was started
 * before the 90 days that the history keeps: the answer is there at once.
 */
export async function readHistory(
  context: StepContext,
  interfaces: readonly NetworkInterface[],
): Promise<ReadonlyMap<string, RuleHistory>> {
  const instance = await findInstance(context.aws.ec2, context.target.instanceId);
  const startedAt = Date.parse(instance?.launchedAt ?? "");
  const all = interfaces.map((nic) => situationOf(context, nic, startedAt));
  const known = all.map((each) => withoutLookup(context, each));
  const sealedAt = Math.max(...all.filter((_, index) => known[index] === null).map((each) => each.sealedAt));
  if (!Number.isFinite(sealedAt)) return byId(all, known);
  const isWhole = all.every(({ facts }) => facts.isPrimary);
  const oldest = context.now - REMEMBERED_MS;
  const from = isWhole ? Math.max(oldest, startedAt - DELIVERED_MS) : oldest;
  const early = await readRuleEvents(context, { from, readSince: readSince(context.now, sealedAt) });
  // Whatever seal came last: a pass that is too early for it is made again as soon as it can have all up to it.
  const deliveredAt = Math.max(...all.map(({ facts }) => (sealEventAt(early.events, facts) ?? 0) + DELIVERED_MS));
  const isEarly = early.readAt !== null && early.readAt < deliveredAt && deliveredAt <= context.now;
  const reading = isEarly ? await readRuleEvents(context, { from, readSince: deliveredAt }) : early;
  const rules = await rulesNow(context, [...new Set(all.flatMap(({ facts }) => groupsEver(reading.events, facts)))]);
  const histories = all.map((each, index) => known[index] ?? historyOf(context, each, { reading, rules }));
  return byId(all, histories);
}

function byId(all: readonly Situation[], histories: readonly (RuleHistory | null)[]): ReadonlyMap<string, RuleHistory> {
  return new Map(all.flatMap(({ facts }, index) => (histories[index] ? [[facts.id, histories[index]] as const] : [])));
}

function situationOf(
  { outcomes, target, case: { openedAt } }: StepContext,
  { id, deviceIndex, groupIds }: NetworkInterface,
  startedAt: number,
): Situation {
  const view = (outcomes["contain.security-groups"] ?? []).find(
    ({ change }) => change.resource === id && change.attribute === "groups",
  );
  // A conversion opens the groups and seals them again: what counts is the last seal.
  const conversions = (outcomes["contain.tracked-connections"] ?? []).filter(({ change }) => change.resource === id);
  const seals = [view, ...conversions].flatMap((each) => each?.verifiedAt ?? []);
  return {
    facts: {
      id,
      instanceId: target.instanceId,
      isPrimary: deviceIndex === 0,
      startedAt,
      groupsNow: groupIds,
      seal: sealOf(view),
    },
    sealedAt: seals.length === 0 ? openedAt : Math.max(...seals),
  };
}

function sealOf(view: ChangeView | undefined): InterfaceFacts["seal"] {
  const [before, after] = [view?.change.before, view?.change.after];
  const areGroups = (value: unknown): value is readonly string[] =>
    Array.isArray(value) && value.every((each) => typeof each === "string");
  return areGroups(before) && areGroups(after) ? { before, after } : null;
}

/** What can be said without a lookup; null if one is needed. */
function withoutLookup({ now, eventPages }: StepContext, { facts, sealedAt }: Situation): RuleHistory | null {
  const { startedAt, id } = facts;
  const none = { from: startedAt, until: 0, ever: null, always: [], pages: [] };
  if (Number.isNaN(startedAt))
    return { ...none, from: 0, gaps: [`AWS does not show when ${facts.instanceId} was started`], dueAt: null };
  if (startedAt < now - REMEMBERED_MS)
    return {
      ...none,
      gaps: [`${facts.instanceId} was started before the 90 days that CloudTrail's event history keeps`],
      dueAt: null,
    };
  if (eventPages === undefined) return { ...none, gaps: ["no store is there for pages of CloudTrail"], dueAt: null };
  if (now < sealedAt + DELIVERED_MS)
    return {
      ...none,
      gaps: [`the events of ${id} up to its seal may not be delivered yet`],
      dueAt: sealedAt + DELIVERED_MS,
    };
  return null;
}

/** A pass counts until the next time of reading again; later passes are made as far apart as events may be late. */
function readSince(now: number, sealedAt: number): number {
  const due = READ_AGAIN_MS.map((ms) => sealedAt + ms).filter((at) => at <= now);
  return Math.max(now - DELIVERED_MS, ...due);
}

async function readRuleEvents(
  { aws, target, eventPages, signal }: StepContext,
  { from, readSince: since }: { readonly from: number; readonly readSince: number },
): Promise<Reading> {
  if (eventPages === undefined) throw new TypeError("asked for events without a store");
  const frame = {
    cloudtrail: aws.cloudtrailIn(target.region),
    pages: eventPages,
    now: () => aws.now(),
    deadline: aws.now() + READ_WITHIN_MS,
    signal,
  };
  const query = {
    ...target,
    attribute: "EventName",
    from,
    readSince: since,
    urgency: "proof",
  } as const;
  const readings = await Promise.all(RULE_EVENTS.map((value) => ifReadable(readEvents(frame, { ...query, value }))));
  const read = readings.filter((each) => each !== null);
  const times = readings.map((each) => each?.readAt ?? null);
  const complete = times.filter((at) => at !== null);
  return {
    events: read.flatMap(({ events }) => events),
    readAt: complete.length === times.length ? Math.min(...complete) : null,
    gaps: [
      ...(read.length < readings.length ? [`CloudTrail of ${target.region} could not be read`] : []),
      ...read.flatMap(({ gap }) => gap ?? []),
    ],
    pages: [...new Set(read.flatMap(({ pages }) => pages))],
  };
}

/** The present rules by group; null for a group of another account, whose changes are recorded there, and for one that is gone. */
async function rulesNow(
  { aws, target }: StepContext,
  groupIds: readonly string[],
): Promise<ReadonlyMap<string, readonly PresentRule[] | null>> {
  const [owners, rules] = await Promise.all([ownersOfGroups(aws.ec2, groupIds), rulesOfGroups(aws.ec2, groupIds)]);
  return new Map(
    groupIds.map((id) => [
      id,
      owners.get(id) === target.account ? rules.filter(({ groupId }) => groupId === id) : null,
    ]),
  );
}

interface Evidence {
  readonly reading: Reading;
  readonly rules: ReadonlyMap<string, readonly PresentRule[] | null>;
}

function historyOf({ now }: StepContext, { facts, sealedAt }: Situation, { reading, rules }: Evidence): RuleHistory {
  const { events, readAt, gaps, pages } = reading;
  const none = { from: facts.startedAt, until: 0, ever: null, always: [], pages };
  if (gaps.length > 0) return { ...none, gaps, dueAt: null };
  if (readAt === null) return { ...none, gaps: ["the reading of CloudTrail goes on"], dueAt: now + READ_WITHIN_MS };
  const sealEvent = sealEventAt(events, facts);
  const isLate = now < sealedAt + READ_AGAIN_MS[2];
  const nextAt = READ_AGAIN_MS.map((ms) => sealedAt + ms).find((at) => at > now) ?? null;
  if (sealEvent === null)
    return {
      ...none,
      gaps: [`the event of the seal of ${facts.id} is not in the history`],
      dueAt: isLate ? nextAt : null,
    };
  if (readAt < sealEvent + DELIVERED_MS)
    return {
      ...none,
      gaps: [`the events of ${facts.id} up to its seal may not be delivered yet`],
      dueAt: sealEvent + DELIVERED_MS,
    };
  const known = new Map([...rules].map(([id, found]) => [id, found?.map(identified) ?? null] as const));
  const history = rulesHistoryOf(events, facts, known);
  const dueAt = history.ever === null && isLate ? nextAt : null;
  return { ...history, until: readAt - DELIVERED_MS, dueAt, pages };
}

function identified({ direction, protocol, fromPort, toPort, peer }: PresentRule): {
  readonly id: null;
  readonly rule: GroupRule;
} {
  return { id: null, rule: { direction, protocol, fromPort, toPort, peer } };
}
