import {
  CreateNetworkAclEntryCommand,
  DeleteNetworkAclEntryCommand,
  DescribeNetworkAclsCommand,
  type Filter,
  type NetworkAcl as Described,
  type NetworkAclEntry,
} from "@aws-sdk/client-ec2";
import { hasAwsCode } from "./aws-call-error.ts";
import type { Sender } from "./sender.ts";

export interface AclEntry {
  readonly direction: "ingress" | "egress";
  readonly number: number;
  readonly action: "allow" | "deny";
  /** A protocol's number, or `-1` for all. */
  readonly protocol: string;
  /** A block of IPv4 or IPv6. */
  readonly cidr: string;
}

export interface NetworkAcl {
  readonly id: string;
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  readonly entries: readonly AclEntry[];
}

/** A deny of everything from or to one block. */
export interface DenyEntry extends Pick<AclEntry, "direction" | "number" | "cidr"> {
  readonly aclId: string;
}

const mostPages = 20;

/** All NACLs of some VPCs. */
export function aclsOfVpcs(sender: Sender, vpcIds: readonly string[]): Promise<readonly NetworkAcl[]> {
  return find(sender, "vpc-id", vpcIds);
}

/** The NACLs that filter some subnets. */
export function aclsOfSubnets(sender: Sender, subnetIds: readonly string[]): Promise<readonly NetworkAcl[]> {
  return find(sender, "association.subnet-id", subnetIds);
}

/** One NACL; null where it is gone. */
export async function findAcl(sender: Sender, id: string): Promise<NetworkAcl | null> {
  const [found] = await find(sender, "network-acl-id", [id]);
  return found ?? null;
}

/**
 * Adds a deny. `taken`: an entry has this number already; `full`: the NACL holds as many entries as its quota allows.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html
 */
export async function addDeny(sender: Sender, entry: DenyEntry): Promise<"added" | "taken" | "full"> {
  const { aclId, direction, number, cidr } = entry;
  try {
    await sender.send(
      new CreateNetworkAclEntryCommand({
        NetworkAclId: aclId,
        RuleNumber: number,
        Egress: direction === "egress",
        Protocol: "-1",
        RuleAction: "deny",
        ...(cidr.includes(":") ? { Ipv6CidrBlock: cidr } : { CidrBlock: cidr }),
      }),
    );
    return "added";
  } catch (error) {
    if (hasAwsCode(error, "NetworkAclEntryAlreadyExists")) return "taken";
    if (hasAwsCode(error, "NetworkAclEntryLimitExceeded")) return "full";
    throw error;
  }
}

/** Takes an entry away. One that is gone counts as taken away. */
export async function removeEntry(
  sender: Sender,
  { aclId, direction, number }: Pick<DenyEntry, "aclId" | "direction" | "number">,
): Promise<void> {
  try {
    await sender.send(
      new DeleteNetworkAclEntryCommand({ NetworkAclId: aclId, RuleNumber: number, Egress: direction === "egress" }),
    );
  } catch (error) {
    if (!hasAwsCode(error, "InvalidNetworkAclEntry.NotFound", "InvalidNetworkAclID.NotFound")) throw error;
  }
}

async function find(sender: Sender, filter: string, values: readonly string[]): Promise<readonly NetworkAcl[]> {
  if (values.length === 0) return [];
  const Filters: Filter[] = [{ Name: filter, Values: [...new Set(values)] }];
  const found: NetworkAcl[] = [];
  let token: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const { NetworkAcls = [], NextToken } = await sender.send(
      new DescribeNetworkAclsCommand({
        Filters,
        MaxResults: 1000,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    );
    found.push(...NetworkAcls.map(read));
    if (NextToken === undefined || NextToken === "") return found;
    token = NextToken;
  }
  throw new Error(`the network ACLs did not end after ${mostPages} pages`);
}

function read({ NetworkAclId, VpcId, Associations = [], Entries = [] }: Described): NetworkAcl {
  if (NetworkAclId === undefined || VpcId === undefined)
    throw new Error("AWS described a network ACL without id or VPC");
  return {
    id: NetworkAclId,
    vpcId: VpcId,
    subnetIds: Associations.flatMap(({ SubnetId }) => SubnetId ?? []),
    entries: Entries.map((entry) => readEntry(NetworkAclId, entry)),
  };
}

/** An entry that we cannot read might allow what we mean to deny: it is an error, never left out. */
function readEntry(id: string, entry: NetworkAclEntry): AclEntry {
  const { RuleNumber, Egress, Protocol, RuleAction, CidrBlock, Ipv6CidrBlock } = entry;
  const cidr = CidrBlock ?? Ipv6CidrBlock;
  if (RuleNumber === undefined || Protocol === undefined || cidr === undefined) {
    throw new Error(`AWS described an entry of ${id} without a number, a protocol or a block`);
  }
  const action = RuleAction === "deny" ? "deny" : "allow";
  return { direction: Egress === true ? "egress" : "ingress", number: RuleNumber, action, protocol: Protocol, cidr };
}
