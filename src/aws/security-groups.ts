import {
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DescribeSecurityGroupsCommand,
  RevokeSecurityGroupEgressCommand,
  type Filter,
  type IpPermission,
  type SecurityGroup as Described,
} from "@aws-sdk/client-ec2";
import { CordonError } from "../core/errors.ts";
import type { IsolationLevel } from "../core/step.ts";
import { hasAwsCode } from "./aws-call-error.ts";
import type { Sender } from "./sender.ts";

/** One rule: a protocol, ports and one other side. */
export interface GroupRule {
  readonly direction: "in" | "out";
  /** `-1` for all, else as AWS spells it. */
  readonly protocol: string;
  /** First and last, such as `443-443`; null for all. */
  readonly ports: string | null;
  /** A CIDR, the id of a group or of a prefix list. */
  readonly peer: string;
}

export interface SecurityGroup {
  readonly id: string;
  readonly name: string;
  readonly vpcId: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly rules: readonly GroupRule[];
}

const mostPages = 20;

/** Groups that match the filters, with their rules. */
export async function findGroups(sender: Sender, filters: readonly Filter[]): Promise<readonly SecurityGroup[]> {
  const found: SecurityGroup[] = [];
  let token: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const { SecurityGroups = [], NextToken } = await sender.send(
      new DescribeSecurityGroupsCommand({
        Filters: [...filters],
        MaxResults: 1000,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    );
    found.push(...SecurityGroups.map(read));
    if (NextToken === undefined || NextToken === "") return found;
    token = NextToken;
  }
  throw new CordonError("list_without_end", { what: "security groups", pages: String(mostPages) });
}

/** One group by its id; null where AWS shows none (any more, or not yet). */
export async function findGroup(sender: Sender, id: string): Promise<SecurityGroup | null> {
  const found = await findGroups(sender, [{ Name: "group-id", Values: [id] }]);
  return found.find((group) => group.id === id) ?? null;
}

export interface NewGroup {
  readonly vpcId: string;
  /** Unique in its VPC, and unguessable: whoever finds a group of this name in it has found this one. */
  readonly name: string;
  /** ASCII, at most 255 characters. It cannot be changed later. */
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * Makes a group and gives its id, or the id of the one that an earlier call made whose answer was lost.
 * A new group lets everything out: AWS adds that rule.
 *
 * Creating takes no client token, so the name stands in for one.
 *
 * @throws CordonError `propagation_pending` when the group is there and this reader does not see it yet.
 */
export async function createGroup(sender: Sender, { vpcId, name, description, tags }: NewGroup): Promise<string> {
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  try {
    const { GroupId } = await sender.send(
      new CreateSecurityGroupCommand({
        VpcId: vpcId,
        GroupName: name,
        Description: description,
        TagSpecifications: [{ ResourceType: "security-group", Tags }],
      }),
    );
    if (GroupId === undefined)
      throw new CordonError("answer_incomplete", { what: `AWS made the group ${name} and did not say its id` });
    return GroupId;
  } catch (error) {
    if (!hasAwsCode(error, "InvalidGroup.Duplicate")) throw error;
  }
  const found = await findGroups(sender, [
    { Name: "vpc-id", Values: [vpcId] },
    { Name: "group-name", Values: [name] },
  ]);
  const [group] = found;
  if (group === undefined) throw new CordonError("propagation_pending", { resource: name });
  return group.id;
}

/**
 * Writes the rules of a level into a group that Cordon made, from whatever rules it has.
 * Rules that let traffic in are left to `faultOf`: AWS adds none, so one that is there is somebody's deed.
 *
 * @throws CordonError `propagation_pending` when AWS does not see the group yet, or showed rules that are gone.
 */
export async function writeRules(
  sender: Sender,
  id: string,
  { level, rules }: { readonly level: IsolationLevel; readonly rules: readonly GroupRule[] },
): Promise<void> {
  try {
    if (level === "open") await authorizeAll(sender, id, openRules);
    else if (level !== "workstation") {
      await revokeEgress(sender, id, rules);
      await authorizeAll(sender, id, rules);
    }
  } catch (error) {
    if (!hasAwsCode(error, "InvalidGroup.NotFound", "InvalidPermission.NotFound")) throw error;
    throw new CordonError("propagation_pending", { resource: id }, { cause: error });
  }
}

/** What is there is read and revoked, not what is expected there: only some VPCs give a new group a rule for IPv6. */
async function revokeEgress(sender: Sender, id: string, kept: readonly GroupRule[]): Promise<void> {
  const { SecurityGroups = [] } = await sender.send(
    new DescribeSecurityGroupsCommand({ Filters: [{ Name: "group-id", Values: [id] }] }),
  );
  const [group] = SecurityGroups;
  if (group === undefined) throw new CordonError("propagation_pending", { resource: id });
  const isKept = (permission: IpPermission): boolean =>
    rulesOf("out", permission).every((rule) => kept.some((other) => inWords(other) === inWords(rule)));
  const IpPermissions = (group.IpPermissionsEgress ?? []).filter((permission) => !isKept(permission));
  if (IpPermissions.length > 0) await sender.send(new RevokeSecurityGroupEgressCommand({ GroupId: id, IpPermissions }));
}

async function authorizeAll(sender: Sender, id: string, rules: readonly GroupRule[]): Promise<void> {
  if (rules.length === 0) return;
  const group = await findGroup(sender, id);
  if (group === null) throw new CordonError("propagation_pending", { resource: id });
  await Promise.all(lackingRules(group, rules).map((rule) => authorize(sender, id, rule)));
}

/** One call for each rule: of several in one call, one that is there already would keep the others out. */
async function authorize(sender: Sender, id: string, rule: GroupRule): Promise<void> {
  const { direction, protocol, ports } = rule;
  const [FromPort, ToPort] = ports === null ? [] : ports.split("-").map(Number);
  const range = FromPort === undefined || ToPort === undefined ? {} : { FromPort, ToPort };
  const request = { GroupId: id, IpPermissions: [{ IpProtocol: protocol, ...range, ...peerOf(rule) }] };
  try {
    if (direction === "in") await sender.send(new AuthorizeSecurityGroupIngressCommand(request));
    else await sender.send(new AuthorizeSecurityGroupEgressCommand(request));
  } catch (error) {
    if (!hasAwsCode(error, "InvalidPermission.Duplicate")) throw error;
  }
}

function peerOf({ peer }: GroupRule): IpPermission {
  if (peer.startsWith("sg-")) return { UserIdGroupPairs: [{ GroupId: peer }] };
  if (peer.startsWith("pl-")) return { PrefixListIds: [{ PrefixListId: peer }] };
  return peer.includes(":") ? { Ipv6Ranges: [{ CidrIpv6: peer }] } : { IpRanges: [{ CidrIp: peer }] };
}

/** Peers that no packet on a network can have: loopback, and the placeholder that fills a group whose default rule was replaced. */
const nobody: ReadonlySet<string> = new Set(["127.0.0.1/32", "::1/128", "255.255.255.255/32"]);

/**
 * What is wrong with a group's rules for its level, in words; null when nothing is.
 *
 * @param wanted The rules that the level has in the group's VPC; null where the VPC lacks what they lead to.
 */
export function faultOf(
  group: SecurityGroup,
  level: IsolationLevel,
  wanted: readonly GroupRule[] | null = [],
): string | null {
  switch (level) {
    case "sealed": {
      const passing = group.rules.filter(({ direction, peer }) => direction === "in" || !nobody.has(peer));
      return passing.length === 0 ? null : passing.map(inWords).join(", ");
    }
    case "open": {
      const lacking = lackingRules(group, openRules);
      return lacking.length === 0 ? null : `it lacks ${lacking.map(inWords).join(", ")}`;
    }
    case "workstation": {
      const inbound = group.rules.filter(({ direction }) => direction === "in");
      return inbound.length === 0 ? null : `it lets in ${inbound.map(inWords).join(", ")}`;
    }
    case "evidence":
    case "forensic":
    case "forensic-windows": {
      if (wanted === null) return "its VPC has nothing for it to lead to";
      const lacking = lackingRules(group, wanted).map((rule) => `it lacks ${inWords(rule)}`);
      const beyond = lackingRules({ rules: wanted }, group.rules).map((rule) => `it lets through ${inWords(rule)}`);
      return lacking.length + beyond.length === 0 ? null : [...lacking, ...beyond].join(", ");
    }
    default:
      return level satisfies never;
  }
}

/**
 * All traffic, both ways and for both families: only then is a flow untracked, and dies at the next change of groups.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html
 */
const openRules: readonly GroupRule[] = [
  { direction: "in", protocol: "-1", ports: null, peer: "0.0.0.0/0" },
  { direction: "in", protocol: "-1", ports: null, peer: "::/0" },
  { direction: "out", protocol: "-1", ports: null, peer: "0.0.0.0/0" },
  { direction: "out", protocol: "-1", ports: null, peer: "::/0" },
];

function lackingRules({ rules }: Pick<SecurityGroup, "rules">, wanted: readonly GroupRule[]): readonly GroupRule[] {
  return wanted.filter((rule) => !rules.some((other) => inWords(other) === inWords(rule)));
}

function inWords({ direction, protocol, ports, peer }: GroupRule): string {
  const what = protocol === "-1" ? "all protocols" : `${protocol}${ports === null ? "" : ` ${ports}`}`;
  return `${direction} ${what} ${peer}`;
}

function read(described: Described): SecurityGroup {
  const { GroupId, GroupName, VpcId, Tags = [], IpPermissions = [], IpPermissionsEgress = [] } = described;
  if (GroupId === undefined || GroupName === undefined || VpcId === undefined)
    throw new CordonError("answer_incomplete", { what: "AWS described a group without id, name or VPC" });
  return {
    id: GroupId,
    name: GroupName,
    vpcId: VpcId,
    tags: Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value])),
    rules: [
      ...IpPermissions.flatMap((permission) => rulesOf("in", permission)),
      ...IpPermissionsEgress.flatMap((permission) => rulesOf("out", permission)),
    ],
  };
}

function rulesOf(direction: "in" | "out", permission: IpPermission): readonly GroupRule[] {
  const {
    IpProtocol: protocol = "-1",
    IpRanges = [],
    Ipv6Ranges = [],
    PrefixListIds = [],
    UserIdGroupPairs = [],
    FromPort,
    ToPort,
  } = permission;
  const ports = protocol === "-1" || FromPort === undefined ? null : `${FromPort}-${ToPort ?? FromPort}`;
  const peers = [
    ...IpRanges.map(({ CidrIp }) => CidrIp),
    ...Ipv6Ranges.map(({ CidrIpv6 }) => CidrIpv6),
    ...PrefixListIds.map(({ PrefixListId }) => PrefixListId),
    ...UserIdGroupPairs.map(({ GroupId }) => GroupId),
  ];
  // A peer that we cannot name is still a way through: it must not read as an empty group.
  return peers.map((peer = "an unnamed peer") => ({ direction, protocol, ports, peer }));
}
