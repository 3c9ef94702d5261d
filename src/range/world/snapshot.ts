import type { World } from "./world.ts";

/** Plain JSON with sorted keys: equal accounts give equal text. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Members that move by themselves or say when, not what. */
const VOLATILE = new Set([
  "transition",
  "launchTime",
  "createdAt",
  "attachTime",
  "startedAt",
  "endedAt",
  "pingStatus",
  "registeredAt",
  "agent",
  "ssmCommands",
  "availableAt",
  "completesAt",
  "settlesAt",
  "snapshotRuns",
  "lifecycleState",
  "healthStatus",
  "inServiceSince",
  "until",
  "leaving",
  "draining",
  "observedHealth",
  "activities",
  "nextLookAt",
  "bucketContents",
  "captures",
  "plantedFlows",
  "queries",
  "insights",
  "recordsFrom",
]);

/** Lists whose order means nothing to AWS; those of rules, routes and tags come back in any order. */
const UNORDERED = new Set([
  "tags",
  "groupIds",
  "rules",
  "routes",
  "associations",
  "entries",
  "associatedVpcIds",
  "attachedPolicies",
  "roleNames",
  "blockDevices",
  "accessKeys",
  "sharedWith",
  "launchableBy",
  "routeTableIds",
  "subnetIds",
  "interfaceIds",
]);

/**
 * The whole configuration of an account, without times, sessions and flows: what a release must bring back.
 *
 * It is the truth, not what stale reads show. Ids of associations and rules are part of it, so that a difference
 * like "the same rule under a new id" is seen and can be declared.
 */
export function snapshot(world: World, accountId: string): Json {
  world.places(); // Instances move on to the state they have reached.
  const account = world.account(accountId);
  return canonical({
    id: account.id,
    regions: account.regions,
    roles: account.roles,
    instanceProfiles: account.instanceProfiles,
    users: account.users,
  });
}

/** One difference between two snapshots: the path of names and ids, and both values (`null`: absent). */
export interface Difference {
  readonly path: string;
  readonly before: Json;
  readonly after: Json;
}

/** Where two snapshots differ, in order of path. */
export function differences(before: Json, after: Json, path = ""): Difference[] {
  if (isRecord(before) && isRecord(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return keys.flatMap((key) =>
      differences(before[key] ?? null, after[key] ?? null, path === "" ? key : `${path}.${key}`),
    );
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, before, after }];
}

function canonical(value: unknown, name = ""): Json {
  if (value === null || value === undefined) return null;
  if (value instanceof Map) return canonical(Object.fromEntries(value as Map<string, unknown>));
  if (Array.isArray(value)) return canonicalList(value, name);
  if (typeof value === "object") {
    const entries = Object.entries(value).filter(([key]) => !VOLATILE.has(key));
    return Object.fromEntries(
      entries.sort(([left], [right]) => (left < right ? -1 : 1)).map(([key, member]) => [key, canonical(member, key)]),
    );
  }
  return typeof value === "number" || typeof value === "boolean" || typeof value === "string" ? value : null;
}

/** Unordered lists whose members have ids become records, so that differences name the member. */
function canonicalList(list: readonly unknown[], name: string): Json {
  const members = list.map((each) => canonical(each));
  if (!UNORDERED.has(name)) return members;
  const keyed = members.map(
    (member) => [isRecord(member) && typeof member["id"] === "string" ? member["id"] : null, member] as const,
  );
  if (keyed.length > 0 && keyed.every(([id]) => id !== null))
    return Object.fromEntries(keyed.sort(([left], [right]) => ((left ?? "") < (right ?? "") ? -1 : 1)));
  return members
    .map((member) => [JSON.stringify(member), member] as const)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([, member]) => member);
}

function isRecord(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
