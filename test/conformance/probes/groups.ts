import { codeOf, EC2_API, EC2_ERRORS, type Asking, type Probe } from "../probe.ts";

const everywhere = { IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] };
const ssh = { IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: "203.0.113.0/24" }] };

/** A group for one probe; probes leave theirs behind. */
async function newGroup({ ec2, surroundings }: Asking, name: string): Promise<string> {
  const { GroupId = "" } = await ec2.createSecurityGroup({
    GroupName: `conformance-${name}`,
    Description: "a conformance test",
    VpcId: surroundings.vpcId,
  });
  return GroupId;
}

async function rulesOf({ ec2 }: Asking, groupId: string) {
  const { SecurityGroupRules = [] } = await ec2.describeSecurityGroupRules({
    Filters: [{ Name: "group-id", Values: [groupId] }],
  });
  return SecurityGroupRules.map((rule) => ({
    egress: rule.IsEgress ?? null,
    protocol: rule.IpProtocol ?? null,
    from: rule.FromPort ?? null,
    to: rule.ToPort ?? null,
    cidr: rule.CidrIpv4 ?? null,
    hasId: /^sgr-[0-9a-f]+$/.test(rule.SecurityGroupRuleId ?? ""),
  })).sort((one, other) => Number(one.egress) - Number(other.egress));
}

const ALL_OUT = { egress: true, protocol: "-1", from: -1, to: -1, cidr: "0.0.0.0/0", hasId: true };

/** Groups and their rules, which preparing, converting and proving rest on. */
export const groupProbes: readonly Probe[] = [
  {
    id: "a-new-group-lets-everything-out",
    service: "ec2",
    operation: "CreateSecurityGroup",
    documented: "A new group has a rule that allows all traffic out, and none that allows traffic in.",
    page: "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
    expected: [ALL_OUT],
    ask: async (asking) => rulesOf(asking, await newGroup(asking, "new")),
  },
  {
    id: "a-group-as-described",
    service: "ec2",
    operation: "DescribeSecurityGroups",
    documented: "A group is shown with its rules by direction; a rule for all protocols has no ports.",
    page: `${EC2_API}API_IpPermission.html`,
    expected: {
      in: [{ IpProtocol: "tcp", FromPort: 443, ToPort: 443, cidrs: ["198.51.100.0/24"] }],
      out: [{ IpProtocol: "-1", FromPort: null, ToPort: null, cidrs: ["0.0.0.0/0"] }],
    },
    async ask({ ec2, surroundings }) {
      const { SecurityGroups } = await ec2.describeSecurityGroups({ GroupIds: [surroundings.webGroupId] });
      const [one, other] = [SecurityGroups?.[0]?.IpPermissions, SecurityGroups?.[0]?.IpPermissionsEgress].map((side) =>
        (side ?? []).map(({ IpProtocol, FromPort, ToPort, IpRanges }) => ({
          IpProtocol: IpProtocol ?? null,
          FromPort: FromPort ?? null,
          ToPort: ToPort ?? null,
          cidrs: (IpRanges ?? []).map(({ CidrIp }) => CidrIp ?? null),
        })),
      );
      return { in: one ?? null, out: other ?? null };
    },
  },
  {
    id: "rules-that-were-made",
    service: "ec2",
    operation: "AuthorizeSecurityGroupIngress",
    documented: "The answer lists the rules that were made, each with an id.",
    page: `${EC2_API}API_AuthorizeSecurityGroupIngress.html`,
    expected: [true, [{ egress: false, from: 22, cidr: "203.0.113.0/24", hasId: true }]],
    async ask(asking) {
      const GroupId = await newGroup(asking, "authorized");
      const answer = await asking.ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions: [ssh] });
      const rules = (answer.SecurityGroupRules ?? []).map((rule) => ({
        egress: rule.IsEgress ?? null,
        from: rule.FromPort ?? null,
        cidr: rule.CidrIpv4 ?? null,
        hasId: rule.SecurityGroupRuleId?.startsWith("sgr-") ?? false,
      }));
      return [answer.Return ?? null, rules];
    },
  },
  {
    id: "a-rule-twice",
    service: "ec2",
    operation: "AuthorizeSecurityGroupIngress",
    documented: "InvalidPermission.Duplicate: the rule exists already in the group.",
    page: EC2_ERRORS,
    expected: "InvalidPermission.Duplicate",
    async ask(asking) {
      const GroupId = await newGroup(asking, "twice");
      await asking.ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions: [ssh] });
      return codeOf(asking.ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions: [ssh] }));
    },
  },
  {
    id: "a-rule-revoked",
    service: "ec2",
    operation: "RevokeSecurityGroupEgress",
    documented: "The answer lists the rules that were revoked, and they are gone.",
    page: `${EC2_API}API_RevokeSecurityGroupEgress.html`,
    expected: { revoked: 1, left: [] },
    async ask(asking) {
      const GroupId = await newGroup(asking, "revoked");
      const answer = await asking.ec2.revokeSecurityGroupEgress({ GroupId, IpPermissions: [everywhere] });
      return { revoked: answer.RevokedSecurityGroupRules?.length ?? 0, left: await rulesOf(asking, GroupId) };
    },
  },
  {
    id: "a-rule-revoked-by-its-id",
    service: "ec2",
    operation: "RevokeSecurityGroupEgress",
    documented: "Rules can be revoked by their ids.",
    page: `${EC2_API}API_RevokeSecurityGroupEgress.html`,
    expected: [],
    async ask(asking) {
      const GroupId = await newGroup(asking, "revoked-by-id");
      const { SecurityGroupRules = [] } = await asking.ec2.describeSecurityGroupRules({
        Filters: [{ Name: "group-id", Values: [GroupId] }],
      });
      const ids = SecurityGroupRules.flatMap(({ SecurityGroupRuleId }) => SecurityGroupRuleId ?? []);
      await asking.ec2.revokeSecurityGroupEgress({ GroupId, SecurityGroupRuleIds: ids });
      return rulesOf(asking, GroupId);
    },
  },
  {
    id: "a-missing-rule-revoked",
    service: "ec2",
    operation: "RevokeSecurityGroupIngress",
    documented: "Outside the default VPC, a rule that does not exist is the error InvalidPermission.NotFound.",
    page: `${EC2_API}API_RevokeSecurityGroupIngress.html`,
    expected: "InvalidPermission.NotFound",
    async ask(asking) {
      const GroupId = await newGroup(asking, "nothing-to-revoke");
      return codeOf(asking.ec2.revokeSecurityGroupIngress({ GroupId, IpPermissions: [ssh] }));
    },
  },
  {
    id: "a-group-name-twice",
    service: "ec2",
    operation: "CreateSecurityGroup",
    documented: "InvalidGroup.Duplicate: a VPC has one group of a name.",
    page: EC2_ERRORS,
    expected: "InvalidGroup.Duplicate",
    async ask(asking) {
      await newGroup(asking, "same-name");
      return codeOf(newGroup(asking, "same-name"));
    },
  },
  {
    id: "a-group-in-use",
    service: "ec2",
    operation: "DeleteSecurityGroup",
    documented: "DependencyViolation: a group that an interface has cannot be deleted.",
    page: `${EC2_API}API_DeleteSecurityGroup.html`,
    expected: "DependencyViolation",
    async ask(asking) {
      const { ec2, surroundings } = asking;
      const GroupId = await newGroup(asking, "in-use");
      await ec2.modifyNetworkInterfaceAttribute({ NetworkInterfaceId: surroundings.secondaryId, Groups: [GroupId] });
      return codeOf(ec2.deleteSecurityGroup({ GroupId }));
    },
  },
  {
    id: "a-group-in-anothers-rule",
    service: "ec2",
    operation: "DeleteSecurityGroup",
    documented: "DependencyViolation: a group that another group's rule names cannot be deleted.",
    page: `${EC2_API}API_DeleteSecurityGroup.html`,
    expected: "DependencyViolation",
    async ask(asking) {
      const named = await newGroup(asking, "named");
      const naming = await newGroup(asking, "naming");
      const pair = { IpProtocol: "-1", UserIdGroupPairs: [{ GroupId: named }] };
      await asking.ec2.authorizeSecurityGroupIngress({ GroupId: naming, IpPermissions: [pair] });
      return codeOf(asking.ec2.deleteSecurityGroup({ GroupId: named }));
    },
  },
  {
    id: "an-unknown-group-described",
    service: "ec2",
    operation: "DescribeSecurityGroups",
    documented: "InvalidGroup.NotFound: the group does not exist.",
    page: EC2_ERRORS,
    expected: "InvalidGroup.NotFound",
    ask: ({ ec2 }) => codeOf(ec2.describeSecurityGroups({ GroupIds: ["sg-0123456789abcdef0"] })),
  },
  {
    id: "tags-of-a-group-that-is-made",
    service: "ec2",
    operation: "CreateSecurityGroup",
    documented: "TagSpecifications gives the group its tags; the filter tag:key finds it.",
    page: `${EC2_API}API_CreateSecurityGroup.html`,
    expected: ["conformance-tagged"],
    async ask({ ec2, surroundings }) {
      const Tags = [{ Key: "cordon:conformance", Value: "sealed" }];
      await ec2.createSecurityGroup({
        GroupName: "conformance-tagged",
        Description: "a conformance test",
        VpcId: surroundings.vpcId,
        TagSpecifications: [{ ResourceType: "security-group", Tags }],
      });
      const { SecurityGroups } = await ec2.describeSecurityGroups({
        Filters: [
          { Name: "tag:cordon:conformance", Values: ["sealed"] },
          { Name: "vpc-id", Values: [surroundings.vpcId] },
        ],
      });
      return (SecurityGroups ?? []).map(({ GroupName }) => GroupName ?? null);
    },
  },
];
