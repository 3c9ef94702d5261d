import {
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  DescribeSecurityGroupRulesCommand,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
  type IpPermission,
  type SecurityGroupRule,
} from "@aws-sdk/client-ec2";
import { CordonError } from "../core/errors.ts";
import { hasAwsCode } from "./aws-call-error.ts";
import type { Sender } from "./sender.ts";

/** The other side of a rule, as AWS spells it. */
export type RulePeer =
  | { readonly kind: "ipv4" | "ipv6"; readonly cidr: string }
  | { readonly kind: "prefixList"; readonly id: string }
  | { readonly kind: "group"; readonly id: string; readonly account: string | null };

/** One rule of a security group, in the form in which it can be written again. */
export interface GroupRule {
  readonly id: string;
  readonly direction: "ingress" | "egress";
  readonly protocol: string;
  /** First and last port; type and code for ICMP. Null for all protocols. */
  readonly ports: { readonly from: number; readonly to: number } | null;
  readonly peer: RulePeer;
  readonly description: string | null;
  readonly tags: Readonly<Record<string, string>>;
}

/** A group has 60 rules per direction by default, 1,000 at most: pages of 1,000 are two. */
const MOST_PAGES = 20;

/** All rules of a group; none where AWS shows no such group. */
export async function rulesOfGroup(ec2: Sender, groupId: string): Promise<readonly GroupRule[]> {
  const Filters = [{ Name: "group-id", Values: [groupId] }];
  const found: GroupRule[] = [];
  let token: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { SecurityGroupRules = [], NextToken } = await ec2.send(
      new DescribeSecurityGroupRulesCommand({
        Filters,
        MaxResults: 1000,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    );
    found.push(...SecurityGroupRules.map(read));
    if (NextToken === undefined || NextToken === "") return found;
    token = NextToken;
  }
  throw new CordonError("list_without_end", { what: `rules of ${groupId}`, pages: String(MOST_PAGES) });
}

/** Takes rules out of a group, by their ids. `stale`: one of them, or the group, is not there any more. */
export async function revokeRules(
  ec2: Sender,
  groupId: string,
  { direction, ids }: { readonly direction: GroupRule["direction"]; readonly ids: readonly string[] },
): Promise<"revoked" | "stale"> {
  if (ids.length === 0) return "revoked";
  const request = { GroupId: groupId, SecurityGroupRuleIds: [...ids] };
  try {
    if (direction === "ingress") await ec2.send(new RevokeSecurityGroupIngressCommand(request));
    else await ec2.send(new RevokeSecurityGroupEgressCommand(request));
    return "revoked";
  } catch (error) {
    if (hasAwsCode(error, "InvalidSecurityGroupRuleId.NotFound", "InvalidPermission.NotFound")) return "stale";
    throw error;
  }
}

/** Writes one rule, with its description and its tags. `present`: the group has it already. */
export async function authorizeRule(ec2: Sender, groupId: string, rule: GroupRule): Promise<"written" | "present"> {
  const Tags = Object.entries(rule.tags).map(([Key, Value]) => ({ Key, Value }));
  const request = {
    GroupId: groupId,
    IpPermissions: [permissionOf(rule)],
    ...(Tags.length === 0
      ? {}
      : { TagSpecifications: [{ ResourceType: "security-group-rule" as const, Tags: [...Tags] }] }),
  };
  try {
    if (rule.direction === "ingress") await ec2.send(new AuthorizeSecurityGroupIngressCommand(request));
    else await ec2.send(new AuthorizeSecurityGroupEgressCommand(request));
    return "written";
  } catch (error) {
    if (hasAwsCode(error, "InvalidPermission.Duplicate")) return "present";
    throw error;
  }
}

function permissionOf({ protocol, ports, peer, description }: GroupRule): IpPermission {
  const Description = description === null ? {} : { Description: description };
  return {
    IpProtocol: protocol,
    ...(ports === null ? {} : { FromPort: ports.from, ToPort: ports.to }),
    ...(peer.kind === "ipv4" ? { IpRanges: [{ CidrIp: peer.cidr, ...Description }] } : {}),
    ...(peer.kind === "ipv6" ? { Ipv6Ranges: [{ CidrIpv6: peer.cidr, ...Description }] } : {}),
    ...(peer.kind === "prefixList" ? { PrefixListIds: [{ PrefixListId: peer.id, ...Description }] } : {}),
    ...(peer.kind === "group"
      ? {
          UserIdGroupPairs: [
            { GroupId: peer.id, ...(peer.account === null ? {} : { UserId: peer.account }), ...Description },
          ],
        }
      : {}),
  };
}

function read(rule: SecurityGroupRule): GroupRule {
  const { SecurityGroupRuleId: id, IpProtocol: protocol, FromPort, ToPort, Tags = [] } = rule;
  const peer = peerOf(rule);
  if (id === undefined || protocol === undefined || peer === null)
    throw new CordonError("answer_incomplete", {
      what: `AWS described a rule of ${rule.GroupId ?? "a group"} without an id, a protocol or a peer`,
    });
  // AWS shows -1 for the ports of all protocols, and means none.
  const hasPorts = protocol !== "-1" && FromPort !== undefined && ToPort !== undefined;
  return {
    id,
    direction: rule.IsEgress === true ? "egress" : "ingress",
    protocol,
    ports: hasPorts ? { from: FromPort, to: ToPort } : null,
    peer,
    description: rule.Description ?? null,
    tags: Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value])),
  };
}

function peerOf({ CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupInfo }: SecurityGroupRule): RulePeer | null {
  if (CidrIpv4 !== undefined) return { kind: "ipv4", cidr: CidrIpv4 };
  if (CidrIpv6 !== undefined) return { kind: "ipv6", cidr: CidrIpv6 };
  if (PrefixListId !== undefined) return { kind: "prefixList", id: PrefixListId };
  if (ReferencedGroupInfo?.GroupId === undefined) return null;
  return { kind: "group", id: ReferencedGroupInfo.GroupId, account: ReferencedGroupInfo.UserId ?? null };
}
