import type {
  CreateSecurityGroupRequest,
  CreateSecurityGroupResult,
  DeleteSecurityGroupRequest,
  DeleteSecurityGroupResult,
  DescribeSecurityGroupRulesRequest,
  DescribeSecurityGroupRulesResult,
  DescribeSecurityGroupsRequest,
  DescribeSecurityGroupsResult,
  SecurityGroup as SdkGroup,
} from "@aws-sdk/client-ec2";
import { createSecurityGroup } from "../../world/build-network.ts";
import type { SecurityGroup, SecurityGroupRule } from "../../world/model.ts";
import { handler, ownerOf, type Context } from "../handler.ts";
import { ec2Error, existing, missingParameter, notFound } from "./errors.ts";
import { describeRule, groupRules } from "./permissions.ts";
import { filterBy, paged, select, type Filters } from "./selection.ts";
import { fromTags, specifiedTags } from "./tags.ts";

const cidrs =
  (direction: boolean, kind: "ipv4" | "ipv6") =>
  ({ rules }: SecurityGroup) =>
    rules.flatMap(({ egress, peer }) =>
      egress === direction && (peer.kind === "ipv4" || peer.kind === "ipv6") && peer.kind === kind ? [peer.cidr] : [],
    );
const named =
  (direction: boolean, kind: "group" | "prefix-list") =>
  ({ rules }: SecurityGroup) =>
    rules.flatMap(({ egress, peer }) =>
      egress === direction && (peer.kind === "group" || peer.kind === "prefix-list") && peer.kind === kind
        ? [peer.id]
        : [],
    );

const filters: Filters<SecurityGroup> = {
  "group-id": ({ id }) => id,
  "group-name": ({ name }) => name,
  description: ({ description }) => description,
  "vpc-id": ({ vpcId }) => vpcId,
  "ip-permission.cidr": cidrs(false, "ipv4"),
  "ip-permission.ipv6-cidr": cidrs(false, "ipv6"),
  "ip-permission.group-id": named(false, "group"),
  "ip-permission.prefix-list-id": named(false, "prefix-list"),
  "ip-permission.protocol": ({ rules }) => rules.filter(({ egress }) => !egress).map(({ protocol }) => protocol),
  "egress.ip-permission.cidr": cidrs(true, "ipv4"),
  "egress.ip-permission.ipv6-cidr": cidrs(true, "ipv6"),
  "egress.ip-permission.group-id": named(true, "group"),
  "egress.ip-permission.prefix-list-id": named(true, "prefix-list"),
  "egress.ip-permission.protocol": ({ rules }) => rules.filter(({ egress }) => egress).map(({ protocol }) => protocol),
};

const describeGroups = handler((context, input: DescribeSecurityGroupsRequest): DescribeSecurityGroupsResult => {
  const { GroupNames: names } = input;
  const where = ({ name }: SecurityGroup): boolean => names === undefined || names.length === 0 || names.includes(name);
  const { items, token } = select(context, input, {
    kind: "group",
    table: context.region.securityGroups,
    ids: input.GroupIds,
    filters,
    where,
  });
  return { SecurityGroups: items.map((group) => describeGroup(context, group)), NextToken: token };
});

function describeGroup(context: Context, group: SecurityGroup): SdkGroup {
  const { region } = context;
  const ownerId = ownerOf(context, group);
  return {
    GroupId: group.id,
    GroupName: group.name,
    Description: group.description,
    OwnerId: ownerId,
    VpcId: group.vpcId,
    SecurityGroupArn: arnOf(ownerId, region.name, group.id),
    IpPermissions: groupRules(group.rules.filter(({ egress }) => !egress)),
    IpPermissionsEgress: groupRules(group.rules.filter(({ egress }) => egress)),
    Tags: fromTags(group.tags),
  };
}

function arnOf(accountId: string, region: string, id: string): string {
  return `arn:aws:ec2:${region}:${accountId}:security-group/${id}`;
}

const describeRules = handler((context, input: DescribeSecurityGroupRulesRequest): DescribeSecurityGroupRulesResult => {
  const { SecurityGroupRuleIds: ids } = input;
  const all = context.world
    .list(context.region.securityGroups)
    .flatMap((group) => group.rules.map((rule) => ({ ...rule, groupId: group.id })));
  for (const id of ids ?? []) if (!all.some((rule) => rule.id === id)) throw notFound("rule", id);
  const chosen = ids && ids.length > 0 ? all.filter(({ id }) => ids.includes(id)) : all;
  const ruleFilters: Filters<SecurityGroupRule & { groupId: string }> = {
    "group-id": ({ groupId }) => groupId,
    "security-group-rule-id": ({ id }) => id,
  };
  const { items, token } = paged(context, filterBy(chosen, input.Filters, ruleFilters), { input });
  return { SecurityGroupRules: items.map((rule) => describeRule(context, rule.groupId, rule)), NextToken: token };
});

/** Errors: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html */
const create = handler((context, input: CreateSecurityGroupRequest): CreateSecurityGroupResult => {
  const { world, region, account, quotas } = context;
  const { GroupName: name, Description: description } = input;
  if (name === undefined) throw missingParameter("GroupName");
  if (description === undefined) throw missingParameter("GroupDescription");
  const characters = /^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]{1,255}$/;
  if (!characters.test(name) || name.startsWith("sg-"))
    throw ec2Error(
      "InvalidParameterValue",
      `Value (${name}) for parameter GroupName is invalid. Group names cannot start with sg-, and have 1 to 255 characters.`,
    );
  if (!characters.test(description))
    throw ec2Error(
      "InvalidParameterValue",
      `Value (${description}) for parameter GroupDescription is invalid. Character sets beyond ASCII are not supported.`,
    );
  const vpcId = input.VpcId ?? [...region.vpcs.values()].find(({ isDefault }) => isDefault)?.id;
  if (vpcId === undefined) throw ec2Error("VPCIdNotSpecified", "No default VPC for this user");
  existing(world, region.vpcs, { kind: "vpc", id: vpcId });
  if ([...region.securityGroups.values()].some((other) => other.vpcId === vpcId && other.name === name)) {
    throw ec2Error("InvalidGroup.Duplicate", `The security group '${name}' already exists for VPC '${vpcId}'`);
  }
  if (region.securityGroups.size >= quotas.securityGroups)
    throw ec2Error("SecurityGroupLimitExceeded", "The maximum number of security groups has been reached.");
  const tags = specifiedTags(input.TagSpecifications, "security-group");
  const group = createSecurityGroup(context, { vpcId, name, description, tags });
  return { GroupId: group.id, Tags: fromTags(group.tags), SecurityGroupArn: arnOf(account.id, region.name, group.id) };
});

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html: not while an interface or another group's rule uses it. */
const remove = handler((context, input: DeleteSecurityGroupRequest): DeleteSecurityGroupResult => {
  const { world, region } = context;
  const byName = [...region.securityGroups.values()].find(({ name }) => name === input.GroupName);
  const group = existing(world, region.securityGroups, { kind: "group", id: input.GroupId ?? byName?.id });
  if (group.name === "default")
    throw ec2Error("CannotDelete", `the specified group: "${group.id}" name: "default" cannot be deleted by a user`);
  const used = [...region.interfaces.values()].some(({ groupIds }) => groupIds.includes(group.id));
  const referenced = [...region.securityGroups.values()].some(
    (other) => other.id !== group.id && other.rules.some(({ peer }) => peer.kind === "group" && peer.id === group.id),
  );
  if (used || referenced) throw ec2Error("DependencyViolation", `resource ${group.id} has a dependent object`);
  world.remove(region.securityGroups, group.id);
  return { Return: true, GroupId: group.id };
});

export const groupHandlers = {
  DescribeSecurityGroups: describeGroups,
  DescribeSecurityGroupRules: describeRules,
  CreateSecurityGroup: create,
  DeleteSecurityGroup: remove,
};
