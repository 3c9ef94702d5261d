import type { SecurityGroup, SecurityGroupRule } from "../world/model.ts";
import type { Place } from "../world/world.ts";
import { DAY_MS, isFounded, MINUTE_MS, writeEvent } from "./past-event.ts";

/** When each group was made: weeks ago, and before anything was launched with it. */
export function groupTimes({ world, region }: Place): ReadonlyMap<string, number> {
  const times = new Map([...region.securityGroups.keys()].map((id) => [id, world.now() - 40 * DAY_MS]));
  for (const { groupIds, attachment } of region.interfaces.values()) {
    const usedAt = attachment?.attachTime ?? Number.POSITIVE_INFINITY;
    for (const id of groupIds) times.set(id, Math.min(times.get(id) ?? usedAt, usedAt - DAY_MS));
  }
  return times;
}

/** Writes how the groups of a place came to their rules. A VPC's default group is made with the VPC, without a call. */
export function foundGroups(place: Place, times: ReadonlyMap<string, number>): void {
  for (const group of place.region.securityGroups.values()) {
    if (isFounded(place, group.id)) continue;
    const at = times.get(group.id) ?? place.world.now() - 40 * DAY_MS;
    const isDefault = group.name === "default";
    if (!isDefault)
      writeEvent(place, {
        at,
        operation: "CreateSecurityGroup",
        input: { GroupName: group.name, Description: group.description, VpcId: group.vpcId },
        output: { GroupId: group.id },
      });
    const givenAtFirst = group.rules.filter((rule) => isGivenAtFirst(rule, group, isDefault));
    foundRules(place, group, givenAtFirst, at + MINUTE_MS);
    for (const vpcId of group.associatedVpcIds)
      writeEvent(place, {
        at: at + 2 * MINUTE_MS,
        operation: "AssociateSecurityGroupVpc",
        input: { GroupId: group.id, VpcId: vpcId },
        output: { State: "associating" },
      });
  }
}

/** Everything out, by IPv4; in a default group also everything from itself. */
function isGivenAtFirst(
  { egress, protocol, peer }: SecurityGroupRule,
  group: SecurityGroup,
  isDefault: boolean,
): boolean {
  if (protocol !== "-1") return false;
  if (egress) return peer.kind === "ipv4" && peer.cidr === "0.0.0.0/0";
  return isDefault && peer.kind === "group" && peer.id === group.id;
}

function foundRules(place: Place, group: SecurityGroup, givenAtFirst: readonly SecurityGroupRule[], at: number): void {
  if (!givenAtFirst.some(({ egress }) => egress))
    writeEvent(place, {
      at,
      operation: "RevokeSecurityGroupEgress",
      input: { GroupId: group.id, IpPermissions: [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }] },
      output: { Return: true },
    });
  for (const [index, rule] of group.rules.filter((each) => !givenAtFirst.includes(each)).entries())
    writeEvent(place, {
      at: at + (index + 1) * 1000,
      operation: rule.egress ? "AuthorizeSecurityGroupEgress" : "AuthorizeSecurityGroupIngress",
      input: { GroupId: group.id, IpPermissions: [permissionOf(rule)] },
      output: { Return: true, SecurityGroupRules: [answeredRule(place, group, rule)] },
    });
}

/** Writes that a group had other rules before, and that each was taken away and each of the present ones added at a time. */
export function foundRuleChange(
  place: Place,
  group: SecurityGroup,
  { before, at }: { readonly before: readonly SecurityGroupRule[]; readonly at: number },
): void {
  for (const rule of before)
    writeEvent(place, {
      at,
      operation: rule.egress ? "RevokeSecurityGroupEgress" : "RevokeSecurityGroupIngress",
      input: { GroupId: group.id, IpPermissions: [permissionOf(rule)] },
      output: { Return: true },
    });
  for (const rule of group.rules)
    writeEvent(place, {
      at: at + MINUTE_MS,
      operation: rule.egress ? "AuthorizeSecurityGroupEgress" : "AuthorizeSecurityGroupIngress",
      input: { GroupId: group.id, IpPermissions: [permissionOf(rule)] },
      output: { Return: true, SecurityGroupRules: [answeredRule(place, group, rule)] },
    });
}

function permissionOf({
  protocol,
  fromPort,
  toPort,
  peer,
  description,
}: SecurityGroupRule): Readonly<Record<string, unknown>> {
  const said = description === null ? {} : { Description: description };
  const ports = fromPort === null ? {} : { FromPort: fromPort, ToPort: toPort };
  const common = { IpProtocol: protocol, ...ports };
  switch (peer.kind) {
    case "ipv4":
      return { ...common, IpRanges: [{ CidrIp: peer.cidr, ...said }] };
    case "ipv6":
      return { ...common, Ipv6Ranges: [{ CidrIpv6: peer.cidr, ...said }] };
    case "prefix-list":
      return { ...common, PrefixListIds: [{ PrefixListId: peer.id, ...said }] };
    case "group":
      return { ...common, UserIdGroupPairs: [{ GroupId: peer.id, UserId: peer.ownerId, ...said }] };
  }
}

function answeredRule(
  { account }: Place,
  group: SecurityGroup,
  { id, egress, protocol, fromPort, toPort, peer }: SecurityGroupRule,
): Readonly<Record<string, unknown>> {
  return {
    SecurityGroupRuleId: id,
    GroupId: group.id,
    GroupOwnerId: account.id,
    IsEgress: egress,
    IpProtocol: protocol,
    FromPort: fromPort ?? -1,
    ToPort: toPort ?? -1,
    ...(peer.kind === "ipv4" ? { CidrIpv4: peer.cidr } : {}),
    ...(peer.kind === "ipv6" ? { CidrIpv6: peer.cidr } : {}),
    ...(peer.kind === "prefix-list" ? { PrefixListId: peer.id } : {}),
    ...(peer.kind === "group" ? { ReferencedGroupInfo: { GroupId: peer.id, UserId: peer.ownerId } } : {}),
  };
}
