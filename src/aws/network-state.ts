import {
  DescribeNetworkAclsCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupRulesCommand,
} from "@aws-sdk/client-ec2";
import { CordonError } from "../core/errors.ts";
import type { NetworkAclEntry, SecurityGroupRule } from "@aws-sdk/client-ec2";
import type { Sender } from "./sender.ts";

/** A page holds up to 1,000 of each. */
const MOST_PAGES = 50;

/** Interfaces whose flows AWS tracks whatever the rules say. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html#automatic-tracking */
const AUTO_TRACKED_TYPES = [
  "nat_gateway",
  "network_load_balancer",
  "gateway_load_balancer",
  "gateway_load_balancer_endpoint",
  "vpc_endpoint",
  "lambda",
  "global_accelerator_managed",
];

export interface PresentRule {
  readonly groupId: string;
  readonly direction: "ingress" | "egress";
  readonly protocol: string;
  readonly fromPort: number | null;
  readonly toPort: number | null;
  /** A CIDR block, a prefix list's id or a group's id. */
  readonly peer: string;
}

export interface PresentAcl {
  readonly id: string;
  readonly subnetIds: readonly string[];
  readonly entries: readonly {
    readonly direction: "ingress" | "egress";
    readonly number: number;
    readonly action: "allow" | "deny";
    readonly protocol: string;
    readonly fromPort: number | null;
    readonly toPort: number | null;
    readonly cidr: string;
  }[];
}

interface Page<Item> {
  readonly items: readonly Item[] | undefined;
  readonly next: string | undefined;
}

/** An interface whose flows are always tracked. */
export interface AutoTracked {
  readonly id: string;
  readonly vpcId: string;
  readonly subnetId: string;
  readonly addresses: readonly string[];
  /** Whether what it hands on may have the address of its client. */
  readonly keepsClientAddress: boolean;
}

const KEEPING = ["network_load_balancer", "gateway_load_balancer", "global_accelerator_managed"];

/** Interfaces in these VPCs whose flows are always tracked. */
export async function autoTrackedInterfaces(ec2: Sender, vpcIds: readonly string[]): Promise<readonly AutoTracked[]> {
  const Filters = [
    { Name: "vpc-id", Values: [...new Set(vpcIds)] },
    { Name: "interface-type", Values: AUTO_TRACKED_TYPES },
  ];
  const all = await allPages(async (token) => {
    const answer = await ec2.send(new DescribeNetworkInterfacesCommand({ Filters, MaxResults: 1000, ...token }));
    return { items: answer.NetworkInterfaces, next: answer.NextToken };
  });
  return all.map((one) => ({
    id: one.NetworkInterfaceId ?? "an interface without an id",
    vpcId: one.VpcId ?? "",
    subnetId: one.SubnetId ?? "",
    addresses: [
      ...(one.PrivateIpAddress === undefined ? [] : [one.PrivateIpAddress]),
      ...(one.PrivateIpAddresses ?? []).flatMap(({ PrivateIpAddress }) => PrivateIpAddress ?? []),
      ...(one.Ipv6Addresses ?? []).flatMap(({ Ipv6Address }) => Ipv6Address ?? []),
    ],
    keepsClientAddress: KEEPING.includes(one.InterfaceType ?? ""),
  }));
}

/** All rules of some groups. A group that is gone has none. */
export async function rulesOfGroups(ec2: Sender, groupIds: readonly string[]): Promise<readonly PresentRule[]> {
  if (groupIds.length === 0) return [];
  const Filters = [{ Name: "group-id", Values: [...new Set(groupIds)] }];
  const all = await allPages(async (token) => {
    const answer = await ec2.send(new DescribeSecurityGroupRulesCommand({ Filters, MaxResults: 1000, ...token }));
    return { items: answer.SecurityGroupRules, next: answer.NextToken };
  });
  return all.flatMap(toRule);
}

/** The NACLs of some subnets. */
export async function aclsOfSubnets(ec2: Sender, subnetIds: readonly string[]): Promise<readonly PresentAcl[]> {
  const Filters = [{ Name: "association.subnet-id", Values: [...new Set(subnetIds)] }];
  const all = await allPages(async (token) => {
    const answer = await ec2.send(new DescribeNetworkAclsCommand({ Filters, MaxResults: 1000, ...token }));
    return { items: answer.NetworkAcls, next: answer.NextToken };
  });
  return all.flatMap(({ NetworkAclId, Associations = [], Entries = [] }) =>
    NetworkAclId === undefined
      ? []
      : [
          {
            id: NetworkAclId,
            subnetIds: Associations.flatMap(({ SubnetId }) => SubnetId ?? []),
            entries: Entries.flatMap(toEntry),
          },
        ],
  );
}

async function allPages<Item>(read: (token: { NextToken?: string }) => Promise<Page<Item>>): Promise<readonly Item[]> {
  const found: Item[] = [];
  let token: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { items = [], next } = await read(token === undefined ? {} : { NextToken: token });
    found.push(...items);
    token = next;
    if (token === undefined || token === "") return found;
  }
  throw new CordonError("list_without_end", { what: "network resources", pages: String(MOST_PAGES) });
}

function toRule(rule: SecurityGroupRule): PresentRule[] {
  const peer = rule.CidrIpv4 ?? rule.CidrIpv6 ?? rule.PrefixListId ?? rule.ReferencedGroupInfo?.GroupId;
  if (rule.GroupId === undefined || rule.IpProtocol === undefined || peer === undefined) return [];
  return [
    {
      groupId: rule.GroupId,
      direction: rule.IsEgress === true ? "egress" : "ingress",
      protocol: rule.IpProtocol,
      fromPort: rule.FromPort ?? null,
      toPort: rule.ToPort ?? null,
      peer,
    },
  ];
}

function toEntry(entry: NetworkAclEntry): PresentAcl["entries"][number][] {
  const cidr = entry.CidrBlock ?? entry.Ipv6CidrBlock;
  if (cidr === undefined || entry.RuleNumber === undefined || entry.Protocol === undefined) return [];
  return [
    {
      direction: entry.Egress === true ? "egress" : "ingress",
      number: entry.RuleNumber,
      action: entry.RuleAction === "allow" ? "allow" : "deny",
      protocol: entry.Protocol,
      fromPort: entry.PortRange?.From ?? null,
      toPort: entry.PortRange?.To ?? null,
      cidr,
    },
  ];
}
