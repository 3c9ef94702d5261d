import type {
  AuthorizeSecurityGroupEgressResult,
  AuthorizeSecurityGroupIngressRequest,
  IpPermission,
  RevokedSecurityGroupRule,
  RevokeSecurityGroupEgressResult,
  RevokeSecurityGroupIngressRequest,
  SecurityGroupRule as SdkRule,
} from "@aws-sdk/client-ec2";
import { formatAddress, parseRange } from "../../world/addresses.ts";
import { newRule, type RuleOptions } from "../../world/build-network.ts";
import type { RulePeer, SecurityGroup, SecurityGroupRule } from "../../world/model.ts";
import { handler, optional, type Context, type Handler } from "../handler.ts";
import { ec2Error, existing, invalidValue, missingParameter, notFound } from "./errors.ts";
import { fromTags, specifiedTags } from "./tags.ts";

/** Rules as AWS shows them in a group: one IpPermission for each protocol and range of ports. */
export function groupRules(rules: readonly SecurityGroupRule[]): IpPermission[] {
  const byPorts = new Map<string, SecurityGroupRule[]>();
  for (const rule of rules) {
    const key = `${rule.protocol} ${rule.fromPort} ${rule.toPort}`;
    byPorts.set(key, [...(byPorts.get(key) ?? []), rule]);
  }
  return [...byPorts.values()].map((same) => ({
    IpProtocol: same[0]?.protocol,
    FromPort: optional(same[0]?.fromPort ?? null),
    ToPort: optional(same[0]?.toPort ?? null),
    IpRanges: same.flatMap(({ peer, description }) =>
      peer.kind === "ipv4" ? [{ CidrIp: peer.cidr, Description: optional(description) }] : [],
    ),
    Ipv6Ranges: same.flatMap(({ peer, description }) =>
      peer.kind === "ipv6" ? [{ CidrIpv6: peer.cidr, Description: optional(description) }] : [],
    ),
    PrefixListIds: same.flatMap(({ peer, description }) =>
      peer.kind === "prefix-list" ? [{ PrefixListId: peer.id, Description: optional(description) }] : [],
    ),
    UserIdGroupPairs: same.flatMap(({ peer, description }) =>
      peer.kind === "group" ? [{ GroupId: peer.id, UserId: peer.ownerId, Description: optional(description) }] : [],
    ),
  }));
}

export function describeRule({ account, region }: Context, groupId: string, rule: SecurityGroupRule): SdkRule {
  const { peer } = rule;
  return {
    SecurityGroupRuleId: rule.id,
    GroupId: groupId,
    GroupOwnerId: account.id,
    IsEgress: rule.egress,
    IpProtocol: rule.protocol,
    FromPort: rule.fromPort ?? -1,
    ToPort: rule.toPort ?? -1,
    CidrIpv4: peer.kind === "ipv4" ? peer.cidr : undefined,
    CidrIpv6: peer.kind === "ipv6" ? peer.cidr : undefined,
    PrefixListId: peer.kind === "prefix-list" ? peer.id : undefined,
    ReferencedGroupInfo: peer.kind === "group" ? { GroupId: peer.id, UserId: peer.ownerId } : undefined,
    Description: optional(rule.description),
    Tags: fromTags(rule.tags),
    SecurityGroupRuleArn: `arn:aws:ec2:${region.name}:${account.id}:security-group-rule/${rule.id}`,
  };
}

/** A revoked rule is shown in a shape of its own, which spells the group it refers to differently. */
function describeRevoked(rule: SdkRule): RevokedSecurityGroupRule {
  const {
    SecurityGroupRuleId,
    GroupId,
    IsEgress,
    IpProtocol,
    FromPort,
    ToPort,
    CidrIpv4,
    CidrIpv6,
    PrefixListId,
    Description,
  } = rule;
  return {
    SecurityGroupRuleId,
    GroupId,
    IsEgress,
    IpProtocol,
    FromPort,
    ToPort,
    CidrIpv4,
    CidrIpv6,
    PrefixListId,
    Description,
    ReferencedGroupId: rule.ReferencedGroupInfo?.GroupId,
  };
}

type AuthorizeInput = AuthorizeSecurityGroupIngressRequest;
type RevokeInput = RevokeSecurityGroupIngressRequest;

/** Errors: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html */
function authorize(egress: boolean): Handler {
  return handler((context, input: AuthorizeInput): AuthorizeSecurityGroupEgressResult => {
    const group = targetGroup(context, input);
    const tags = specifiedTags(input.TagSpecifications, "security-group-rule");
    const wanted = rulesOf(context, input, egress);
    if (wanted.length === 0) throw missingParameter("ipPermissions");
    const seen = group.rules.map(keyOf);
    for (const rule of wanted) {
      if (seen.includes(keyOf(rule))) {
        throw ec2Error(
          "InvalidPermission.Duplicate",
          `the specified rule "peer: ${peerText(rule.peer)}, ${rule.protocol === "-1" ? "ALL" : `${rule.protocol.toUpperCase()}, from port: ${rule.fromPort}, to port: ${rule.toPort}`}, ALLOW" already exists`,
        );
      }
      seen.push(keyOf(rule));
    }
    const rules = wanted.map((rule) => newRule(context, { ...rule, tags: tags.map((tag) => ({ ...tag })) }));
    checkQuota(context, [...group.rules, ...rules], egress);
    context.world.change(group, () => group.rules.push(...rules));
    return { Return: true, SecurityGroupRules: rules.map((rule) => describeRule(context, group.id, rule)) };
  });
}

/** IPv4 and IPv6 count apart: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html */
function checkQuota({ quotas }: Context, rules: readonly SecurityGroupRule[], direction: boolean): void {
  const families: readonly RulePeer["kind"][] = ["ipv4", "ipv6"];
  for (const family of families) {
    const count = rules.filter(
      ({ egress, peer }) =>
        egress === direction && (peer.kind === family || peer.kind === "group" || peer.kind === "prefix-list"),
    ).length;
    if (count > quotas.rulesPerSecurityGroup)
      throw ec2Error(
        "RulesPerSecurityGroupLimitExceeded",
        "The maximum number of rules per security group has been reached.",
      );
  }
}

/**
 * A rule that is not there is an error, but in a default VPC, where it is only reported:
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RevokeSecurityGroupEgress.html
 */
function revoke(egress: boolean): Handler {
  return handler((context, input: RevokeInput): RevokeSecurityGroupEgressResult => {
    const group = targetGroup(context, input);
    const { found, unknown } = findRules(context, { group, input, egress });
    const inDefaultVpc = context.region.vpcs.get(group.vpcId)?.isDefault === true;
    if (unknown.length > 0 && !inDefaultVpc)
      throw ec2Error("InvalidPermission.NotFound", "The specified rule does not exist in this security group.");
    context.world.change(
      group,
      () => (group.rules = group.rules.filter(({ id }) => !found.some((rule) => rule.id === id))),
    );
    return {
      Return: true,
      UnknownIpPermissions: groupRules(
        unknown.map((rule) => ({ id: "", tags: [], fromPort: null, toPort: null, description: null, ...rule })),
      ),
      RevokedSecurityGroupRules: found.map((rule) => describeRevoked(describeRule(context, group.id, rule))),
    };
  });
}

function findRules(
  context: Context,
  { group, input, egress }: { readonly group: SecurityGroup; readonly input: RevokeInput; readonly egress: boolean },
): { readonly found: SecurityGroupRule[]; readonly unknown: RuleOptions[] } {
  if (input.SecurityGroupRuleIds && input.SecurityGroupRuleIds.length > 0) {
    const found = input.SecurityGroupRuleIds.map((id) => {
      const rule = group.rules.find((each) => each.id === id && each.egress === egress);
      if (!rule) throw notFound("rule", id);
      return rule;
    });
    return { found, unknown: [] };
  }
  const wanted = rulesOf(context, input, egress);
  if (wanted.length === 0) throw missingParameter("ipPermissions");
  const matches = wanted.map((rule) => [rule, group.rules.find((each) => keyOf(each) === keyOf(rule))] as const);
  return {
    found: matches.flatMap(([, rule]) => (rule ? [rule] : [])),
    unknown: matches.flatMap(([wish, rule]) => (rule ? [] : [wish])),
  };
}

function targetGroup(
  { world, region }: Context,
  input: { readonly GroupId?: string | undefined; readonly GroupName?: string | undefined },
): SecurityGroup {
  const byName = [...region.securityGroups.values()].find(({ name }) => name === input.GroupName);
  if (input.GroupId === undefined && input.GroupName === undefined) throw missingParameter("groupName or groupId");
  return existing(world, region.securityGroups, { kind: "group", id: input.GroupId ?? byName?.id ?? input.GroupName });
}

/** Two rules are the same when direction, protocol, ports and peer are; the description does not count. */
function keyOf({ egress, protocol, fromPort, toPort, peer }: RuleOptions): string {
  return JSON.stringify([egress, protocol, fromPort ?? null, toPort ?? null, peerText(peer)]);
}

function peerText(peer: RulePeer): string {
  return peer.kind === "ipv4" || peer.kind === "ipv6" ? peer.cidr : peer.id;
}

/** The rules that a request names: in IpPermissions, or in the short form for one IPv4 range. */
function rulesOf(context: Context, input: AuthorizeInput | RevokeInput, egress: boolean): RuleOptions[] {
  const short: IpPermission[] =
    input.CidrIp === undefined
      ? []
      : [
          {
            IpProtocol: input.IpProtocol,
            FromPort: input.FromPort,
            ToPort: input.ToPort,
            IpRanges: [{ CidrIp: input.CidrIp }],
          },
        ];
  return [...(input.IpPermissions ?? []), ...short].flatMap((permission) => {
    const ports = portsOf(permission);
    return peersOf(context, permission).map(({ peer, description }) => ({
      egress,
      ...ports,
      peer,
      description: description ?? null,
    }));
  });
}

const PROTOCOLS: Readonly<Record<string, string>> = { "6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", all: "-1" };

function portsOf({
  IpProtocol,
  FromPort,
  ToPort,
}: IpPermission): Pick<RuleOptions, "protocol"> & { readonly fromPort: number | null; readonly toPort: number | null } {
  if (IpProtocol === undefined) throw missingParameter("ipProtocol");
  const protocol = PROTOCOLS[IpProtocol] ?? IpProtocol;
  if (!/^(-1|tcp|udp|icmp|icmpv6|\d{1,3})$/.test(protocol))
    throw invalidValue(IpProtocol, "ipProtocol", "Unknown protocol.");
  if (protocol !== "tcp" && protocol !== "udp") {
    const hasTypes = protocol === "icmp" || protocol === "icmpv6";
    return { protocol, fromPort: hasTypes ? (FromPort ?? -1) : null, toPort: hasTypes ? (ToPort ?? -1) : null };
  }
  if (FromPort === undefined || ToPort === undefined)
    throw ec2Error(
      "InvalidParameterValue",
      "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.",
    );
  if (FromPort < 0 || ToPort > 65_535 || FromPort > ToPort)
    throw ec2Error("InvalidParameterValue", `Invalid value '${FromPort}-${ToPort}' for portRange.`);
  return { protocol, fromPort: FromPort, toPort: ToPort };
}

function peersOf(
  { world, region, account }: Context,
  permission: IpPermission,
): { readonly peer: RulePeer; readonly description: string | undefined }[] {
  return [
    ...(permission.IpRanges ?? []).map(({ CidrIp, Description }) => ({
      peer: { kind: "ipv4", cidr: canonicalCidr(CidrIp, 4) } as const,
      description: Description,
    })),
    ...(permission.Ipv6Ranges ?? []).map(({ CidrIpv6, Description }) => ({
      peer: { kind: "ipv6", cidr: canonicalCidr(CidrIpv6, 6) } as const,
      description: Description,
    })),
    ...(permission.PrefixListIds ?? []).map(({ PrefixListId, Description }) => ({
      peer: {
        kind: "prefix-list",
        id: existing(world, region.prefixLists, { kind: "prefixList", id: PrefixListId }).id,
      } as const,
      description: Description,
    })),
    ...(permission.UserIdGroupPairs ?? []).map(({ GroupId, UserId, Description }) => ({
      peer: {
        kind: "group",
        id:
          UserId === undefined || UserId === account.id
            ? existing(world, region.securityGroups, { kind: "group", id: GroupId }).id
            : (GroupId ?? ""),
        ownerId: UserId ?? account.id,
      } as const,
      description: Description,
    })),
  ];
}

/** A range as AWS keeps it, with the bits of hosts cleared. */
export function canonicalCidr(cidr: string | undefined, family: 4 | 6): string {
  const range = cidr === undefined ? null : parseRange(cidr);
  if (!range || range.family !== family)
    throw ec2Error("InvalidParameterValue", `CIDR block ${cidr ?? ""} is malformed`);
  return `${formatAddress(range)}/${range.prefix}`;
}

export const permissionHandlers = {
  AuthorizeSecurityGroupIngress: authorize(false),
  AuthorizeSecurityGroupEgress: authorize(true),
  RevokeSecurityGroupIngress: revoke(false),
  RevokeSecurityGroupEgress: revoke(true),
};
