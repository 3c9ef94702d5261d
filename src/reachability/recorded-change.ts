/** What one event of CloudTrail changed of interfaces, groups and their rules, read from rows whose form AWS does not promise. */
import type { GroupRule } from "./described.ts";

/** An event as the history gives it. */
export interface HistoryEvent {
  readonly id: string | null;
  /** Milliseconds since 1970, to the second; null if AWS leaves it out. */
  readonly at: number | null;
  readonly document: string;
}

/** A rule, and its id if the row has one. */
export interface IdentifiedRule {
  readonly id: string | null;
  readonly rule: GroupRule;
}

export type RecordedChange =
  | { readonly kind: "interfaces-made"; readonly at: number; readonly made: readonly GroupsOfInterface[] }
  | {
      readonly kind: "groups-set";
      readonly at: number;
      /** The id of an interface or, for its first interface, of an instance. */
      readonly of: string;
      readonly groupIds: readonly string[];
    }
  | {
      readonly kind: "rules-added";
      readonly at: number;
      readonly groupId: string;
      readonly rules: readonly IdentifiedRule[];
    }
  | {
      readonly kind: "rules-removed";
      readonly at: number;
      readonly groupId: string;
      readonly rules: readonly IdentifiedRule[];
      /** Ids of rules that the row names by nothing else. */
      readonly ids: readonly string[];
    }
  | {
      readonly kind: "rules-set";
      readonly at: number;
      readonly groupId: string;
      readonly rules: readonly IdentifiedRule[];
    }
  /** It may have changed something: nobody knows what. `of` is the group or interface if the row shows it. */
  | { readonly kind: "unreadable"; readonly at: number | null; readonly of: string | null; readonly name: string };

export interface GroupsOfInterface {
  readonly interfaceId: string;
  readonly groupIds: readonly string[];
}

/** Names of events that change what an interface's groups let through. */
export const RULE_EVENTS = [
  "RunInstances",
  "CreateNetworkInterface",
  "ModifyNetworkInterfaceAttribute",
  "ModifyInstanceAttribute",
  "AuthorizeSecurityGroupIngress",
  "AuthorizeSecurityGroupEgress",
  "RevokeSecurityGroupIngress",
  "RevokeSecurityGroupEgress",
  "ModifySecurityGroupRules",
] as const;

type RuleEvent = (typeof RULE_EVENTS)[number];

/** What an event changed; null if it changed nothing of this kind, or AWS refused the call. */
export function recordedChange({ at, document }: HistoryEvent): RecordedChange | null {
  const row = parsed(document);
  if (row === null) return { kind: "unreadable", at, of: null, name: "an event that is not JSON" };
  const name = text(row, "eventName");
  if (name === null) return { kind: "unreadable", at, of: null, name: "an event without a name" };
  if (!isRuleEvent(name) || text(row, "errorCode") !== null) return null;
  const request = member(row, "requestParameters");
  const answer = member(row, "responseElements");
  const change = at === null ? null : read[name]({ at, request, answer });
  if (change === "nothing") return null;
  const of =
    text(request, "groupId") ??
    text(member(request, `${name}Request`), "groupId") ??
    text(request, "networkInterfaceId");
  return change ?? { kind: "unreadable", at, of, name };
}

interface Row {
  readonly at: number;
  readonly request: unknown;
  readonly answer: unknown;
}

/** Null: the row does not show what it changed. */
type Reader = (row: Row) => RecordedChange | "nothing" | null;

const read: Readonly<Record<RuleEvent, Reader>> = {
  RunInstances: ({ at, answer }) => {
    const instances = items(member(answer, "instancesSet"));
    if (instances.length === 0) return null;
    const made = instances.flatMap((instance) => items(member(instance, "networkInterfaceSet")).map(groupsOfInterface));
    return hasAll(made) ? { kind: "interfaces-made", at, made } : null;
  },
  CreateNetworkInterface: ({ at, answer }) => {
    const made = groupsOfInterface(member(answer, "networkInterface"));
    return made === null ? null : { kind: "interfaces-made", at, made: [made] };
  },
  ModifyNetworkInterfaceAttribute: ({ at, request }) => groupsSet(at, request, text(request, "networkInterfaceId")),
  ModifyInstanceAttribute: ({ at, request }) => groupsSet(at, request, text(request, "instanceId")),
  AuthorizeSecurityGroupIngress: (row) => rulesAdded(row, "ingress"),
  AuthorizeSecurityGroupEgress: (row) => rulesAdded(row, "egress"),
  RevokeSecurityGroupIngress: (row) => rulesRemoved(row, "ingress"),
  RevokeSecurityGroupEgress: (row) => rulesRemoved(row, "egress"),
  ModifySecurityGroupRules: ({ at, request }) => {
    const wrapped = member(request, "ModifySecurityGroupRulesRequest") ?? request;
    const groupId = text(wrapped, "groupId");
    const updates = items(member(wrapped, "securityGroupRule") ?? member(wrapped, "securityGroupRules"));
    const rules = updates.map((update) => {
      const id = text(update, "securityGroupRuleId");
      const rule = ruleOf(member(update, "securityGroupRule"), null);
      return id === null || rule === null ? null : { id, rule };
    });
    return groupId === null || rules.length === 0 || !hasAll(rules) ? null : { kind: "rules-set", at, groupId, rules };
  },
};

function isRuleEvent(name: string): name is RuleEvent {
  return (RULE_EVENTS as readonly string[]).includes(name);
}

function groupsOfInterface(described: unknown): GroupsOfInterface | null {
  const interfaceId = text(described, "networkInterfaceId");
  const groupIds = idsOfGroups(described);
  return interfaceId === null || groupIds === null || groupIds.length === 0 ? null : { interfaceId, groupIds };
}

/** One attribute stands in each call: one that is not the groups leaves them alone. */
function groupsSet(at: number, request: unknown, of: string | null): RecordedChange | "nothing" | null {
  if (member(request, "groupSet") === undefined) return of === null ? null : "nothing";
  const groupIds = idsOfGroups(request);
  return of === null || groupIds === null || groupIds.length === 0 ? null : { kind: "groups-set", at, of, groupIds };
}

function idsOfGroups(of: unknown): readonly string[] | null {
  const ids = items(member(of, "groupSet")).map((each) => (typeof each === "string" ? each : text(each, "groupId")));
  return hasAll(ids) ? ids : null;
}

function rulesAdded({ at, request, answer }: Row, direction: GroupRule["direction"]): RecordedChange | null {
  const described = items(member(answer, "securityGroupRuleSet"));
  const groupId = text(request, "groupId") ?? text(described[0], "groupId");
  const rules =
    described.length > 0 ? described.map((each) => identified(each, direction)) : permissionsOf(request, direction);
  return groupId === null || rules.length === 0 || !hasAll(rules) ? null : { kind: "rules-added", at, groupId, rules };
}

function rulesRemoved({ at, request, answer }: Row, direction: GroupRule["direction"]): RecordedChange | null {
  const groupId = text(request, "groupId");
  const described = items(member(answer, "revokedSecurityGroupRuleSet"));
  const rules =
    described.length > 0 ? described.map((each) => identified(each, direction)) : permissionsOf(request, direction);
  const named = described.length > 0 ? [] : items(member(request, "securityGroupRuleIds"));
  const ids = named.map((each) => (typeof each === "string" ? each : text(each, "securityGroupRuleId")));
  if (groupId === null || rules.length + ids.length === 0 || !hasAll(rules) || !hasAll(ids)) return null;
  return { kind: "rules-removed", at, groupId, rules, ids };
}

function identified(described: unknown, direction: GroupRule["direction"]): IdentifiedRule | null {
  const rule = ruleOf(described, direction);
  return rule === null ? null : { id: text(described, "securityGroupRuleId"), rule };
}

/** A rule as AWS describes rules; `-1` for the ports means all of them. */
function ruleOf(described: unknown, direction: GroupRule["direction"] | null): GroupRule | null {
  const protocol = word(described, "ipProtocol");
  const group = member(described, "referencedGroupInfo");
  const peer =
    text(described, "cidrIpv4") ??
    text(described, "cidrIpv6") ??
    text(described, "prefixListId") ??
    text(described, "referencedGroupId") ??
    text(group, "groupId");
  if (protocol === null || peer === null) return null;
  // A changed rule keeps its direction, which its row leaves out.
  return { direction: direction ?? "ingress", protocol, ...portsOf(described, protocol), peer };
}

/** Rules as a request asks for them: one for each peer of each permission. */
function permissionsOf(request: unknown, direction: GroupRule["direction"]): readonly (IdentifiedRule | null)[] {
  const permissions = items(member(request, "ipPermissions"));
  // The oldest form has the one permission in the request itself.
  const asked = permissions.length > 0 ? permissions : member(request, "ipProtocol") === undefined ? [] : [request];
  return asked.flatMap((permission): readonly (IdentifiedRule | null)[] => {
    const protocol = word(permission, "ipProtocol");
    const peers = [
      ...items(member(permission, "ipRanges")).map((each) => text(each, "cidrIp")),
      ...items(member(permission, "ipv6Ranges")).map((each) => text(each, "cidrIpv6")),
      ...items(member(permission, "prefixListIds")).map((each) => text(each, "prefixListId")),
      ...items(member(permission, "groups")).map((each) => text(each, "groupId")),
      ...(member(permission, "cidrIp") === undefined ? [] : [text(permission, "cidrIp")]),
    ];
    if (protocol === null || peers.length === 0) return [null];
    return peers.map((peer) =>
      peer === null ? null : { id: null, rule: { direction, protocol, ...portsOf(permission, protocol), peer } },
    );
  });
}

function portsOf(of: unknown, protocol: string): Pick<GroupRule, "fromPort" | "toPort"> {
  const [fromPort, toPort] = [number(of, "fromPort"), number(of, "toPort")];
  return protocol === "-1" || fromPort === null || toPort === null
    ? { fromPort: null, toPort: null }
    : { fromPort, toPort };
}

function parsed(document: string): unknown {
  try {
    const value: unknown = JSON.parse(document);
    return typeof value === "object" && value !== null ? value : null;
  } catch {
    return null;
  }
}

/** A member under its name, with a small or a capital first letter: rows have both. */
function member(of: unknown, name: string): unknown {
  if (typeof of !== "object" || of === null) return undefined;
  const known = of as Readonly<Record<string, unknown>>;
  const found = known[name] ?? known[`${name.charAt(0).toUpperCase()}${name.slice(1)}`];
  return found ?? undefined;
}

function text(of: unknown, name: string): string | null {
  const found = member(of, name);
  return typeof found === "string" && found !== "" ? found : null;
}

/** Numbers for which AWS shows names. */
const PROTOCOLS: Readonly<Record<string, string>> = { "1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6" };

/** A protocol: as text or as a number, under the name that AWS shows. */
function word(of: unknown, name: string): string | null {
  const found = member(of, name);
  const given = typeof found === "number" ? String(found) : text(of, name);
  return given === null ? null : (PROTOCOLS[given] ?? given);
}

function number(of: unknown, name: string): number | null {
  const found = Number(member(of, name) ?? Number.NaN);
  return Number.isInteger(found) ? found : null;
}

/** The items of a list: `{items: [...]}`, `{item: ...}`, a bare list, or one item without a list. */
function items(list: unknown): readonly unknown[] {
  if (Array.isArray(list)) return list;
  if (typeof list !== "object" || list === null) return [];
  const inside = member(list, "items") ?? member(list, "item");
  if (inside !== undefined) return Array.isArray(inside) ? inside : [inside];
  return Object.keys(list).length === 0 ? [] : [list];
}

function hasAll<Item>(list: readonly (Item | null)[]): list is readonly Item[] {
  return !list.includes(null);
}
