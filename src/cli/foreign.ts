import { interfacesWithGroups, type NetworkInterface } from "../aws/network-interfaces.ts";
import { findGroups } from "../aws/security-groups.ts";
import type { TargetClients } from "../core/step.ts";
import { allCases, type Desk, isOver } from "./desk.ts";
import type { ForeignUse } from "./render/foreign.ts";

interface Place {
  readonly account: string;
  readonly region: string;
}

interface OwnGroup {
  readonly id: string;
  readonly level: string;
}

/**
 * Interfaces that have a prepared group and belong to no open case: somebody's machine is cut off, or open to the world, by a
 * group that Cordon takes for its own and may change.
 *
 * What this store recorded counts, and whatever carries the tag: another store's groups are as much in the way.
 */
export async function foreignUses(
  { store }: Pick<Desk, "store">,
  { ec2 }: TargetClients,
  { account, region }: Place,
): Promise<readonly ForeignUse[]> {
  const [recorded, tagged, cases] = await Promise.all([
    store.preparedGroups(account, region),
    findGroups(ec2, [{ Name: "tag-key", Values: ["cordon:prepared"] }]),
    allCases(store),
  ]);
  const groups = new Map<string, OwnGroup>([
    ...tagged.map(({ id, tags }) => [id, { id, level: tags["cordon:prepared"] ?? "" }] as const),
    ...recorded.map(({ groupId, level }) => [groupId, { id: groupId, level }] as const),
  ]);
  if (groups.size === 0) return [];
  const isolated = new Set(
    cases
      .filter((state) => state.target.account === account && state.target.region === region && !isOver(state))
      .map(({ target }) => target.instanceId),
  );
  const users = await interfacesWithGroups(ec2, [...groups.keys()]);
  return users.filter(({ instanceId }) => !isolated.has(instanceId ?? "")).flatMap((user) => usesOf(user, groups));
}

function usesOf({ id, instanceId, groupIds }: NetworkInterface, groups: ReadonlyMap<string, OwnGroup>): ForeignUse[] {
  return groupIds
    .flatMap((groupId) => groups.get(groupId) ?? [])
    .map((group) => ({ resource: id, instance: instanceId, groupId: group.id, level: group.level }));
}
