import {
  DescribeSecurityGroupsCommand,
  type Filter,
  type IpPermission,
  type SecurityGroup as Described,
} from "@aws-sdk/client-ec2";
import type { IsolationLevel } from "../core/step.ts";
import type { Sender } from "./sender.ts";

/** One rule: a protocol, ports and one other side. */
export interface GroupRule {
  readonly direction: "in" | "out";
  /** `-1` for all, else as AWS spells it. */
  readonly protocol: string;
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
  throw new Error(`the security groups did not end after ${mostPages} pages`);
}

/** Peers that no packet on a network can have: loopback, and the placeholder that fills a group whose default rule was replaced. */
const nobody: ReadonlySet<string> = new Set(["127.0.0.1/32", "::1/128", "255.255.255.255/32"]);

/** What is wrong with a group's rules for its level, in words; null when nothing is. */
export function faultOf(group: SecurityGroup, level: IsolationLevel): string | null {
  switch (level) {
    case "sealed": {
      const passing = group.rules.filter(({ direction, peer }) => direction === "in" || !nobody.has(peer));
      return passing.length === 0 ? null : passing.map(inWords).join(", ");
    }
    case "open": {
      const lacking = openRules.filter((rule) => !group.rules.some((other) => inWords(other) === inWords(rule)));
      return lacking.length === 0 ? null : `it lacks ${lacking.map(inWords).join(", ")}`;
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
  { direction: "in", protocol: "-1", peer: "0.0.0.0/0" },
  { direction: "in", protocol: "-1", peer: "::/0" },
  { direction: "out", protocol: "-1", peer: "0.0.0.0/0" },
  { direction: "out", protocol: "-1", peer: "::/0" },
];

function inWords({ direction, protocol, peer }: GroupRule): string {
  return `${direction} ${protocol === "-1" ? "all protocols" : protocol} ${peer}`;
}

function read(described: Described): SecurityGroup {
  const { GroupId, GroupName, VpcId, Tags = [], IpPermissions = [], IpPermissionsEgress = [] } = described;
  if (GroupId === undefined || GroupName === undefined || VpcId === undefined)
    throw new Error("AWS described a group without id, name or VPC");
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
  } = permission;
  const peers = [
    ...IpRanges.map(({ CidrIp }) => CidrIp),
    ...Ipv6Ranges.map(({ CidrIpv6 }) => CidrIpv6),
    ...PrefixListIds.map(({ PrefixListId }) => PrefixListId),
    ...UserIdGroupPairs.map(({ GroupId }) => GroupId),
  ];
  // A peer that we cannot name is still a way through: it must not read as an empty group.
  return peers.map((peer = "an unnamed peer") => ({ direction, protocol, peer }));
}
