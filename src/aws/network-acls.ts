import {
  CreateNetworkAclCommand,
  CreateNetworkAclEntryCommand,
  DeleteNetworkAclCommand,
  DeleteNetworkAclEntryCommand,
  DescribeNetworkAclsCommand,
  ReplaceNetworkAclAssociationCommand,
  type Filter,
  type NetworkAcl as Described,
  type NetworkAclEntry,
  type Tag,
} from "@aws-sdk/client-ec2";
import { CordonError } from "../core/errors.ts";
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
  /** Of TCP and UDP; null for all. */
  readonly ports: { readonly from: number; readonly to: number } | null;
  /** Of ICMP, -1 for any; null for other protocols. */
  readonly icmp: { readonly type: number; readonly code: number } | null;
}

export interface NetworkAcl {
  readonly id: string;
  readonly vpcId: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly subnetIds: readonly string[];
  /** Ids of its associations, by subnet. */
  readonly associations: Readonly<Record<string, string>>;
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

/** Adds a deny of everything from or to one block, as `addEntry` does. */
export function addDeny(
  sender: Sender,
  { aclId, direction, number, cidr }: DenyEntry,
): Promise<"added" | "taken" | "full"> {
  return addEntry(sender, aclId, { direction, number, cidr, action: "deny", protocol: "-1", ports: null, icmp: null });
}

/**
 * Adds an entry. `taken`: one has this number already; `full`: the NACL holds as many entries as its quota allows.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html
 */
export async function addEntry(sender: Sender, aclId: string, entry: AclEntry): Promise<"added" | "taken" | "full"> {
  const { direction, number, action, protocol, cidr, ports, icmp } = entry;
  try {
    await sender.send(
      new CreateNetworkAclEntryCommand({
        NetworkAclId: aclId,
        RuleNumber: number,
        Egress: direction === "egress",
        Protocol: protocol,
        RuleAction: action,
        ...(cidr.includes(":") ? { Ipv6CidrBlock: cidr } : { CidrBlock: cidr }),
        ...(ports === null ? {} : { PortRange: { From: ports.from, To: ports.to } }),
        ...(icmp === null ? {} : { IcmpTypeCode: { Type: icmp.type, Code: icmp.code } }),
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

/** Makes a NACL without entries: it denies everything, both ways and in both families. The token makes it once. */
export async function createAcl(
  sender: Sender,
  { vpcId, token, tags }: { readonly vpcId: string; readonly token: string; readonly tags: readonly Tag[] },
): Promise<string> {
  const { NetworkAcl: made } = await sender.send(
    new CreateNetworkAclCommand({
      VpcId: vpcId,
      ClientToken: token,
      TagSpecifications: [{ ResourceType: "network-acl", Tags: [...tags] }],
    }),
  );
  if (made?.NetworkAclId === undefined)
    throw new CordonError("answer_incomplete", { what: "AWS made a network ACL and did not say its id" });
  return made.NetworkAclId;
}

/** Deletes a NACL that no subnet uses. `missing`: AWS knows none of this id; `inUse`: it says that one does. */
export async function deleteAcl(sender: Sender, id: string): Promise<"deleted" | "missing" | "inUse"> {
  try {
    await sender.send(new DeleteNetworkAclCommand({ NetworkAclId: id }));
  } catch (error) {
    if (hasAwsCode(error, "DependencyViolation")) return "inUse";
    if (hasAwsCode(error, "InvalidNetworkAclID.NotFound")) return "missing";
    throw error;
  }
  return "deleted";
}

/** Moves a subnet to another NACL. `stale`: the association is not the subnet's any more, or the other is not seen yet. */
export async function replaceAclAssociation(
  sender: Sender,
  { associationId, aclId }: { readonly associationId: string; readonly aclId: string },
): Promise<"replaced" | "stale"> {
  try {
    await sender.send(new ReplaceNetworkAclAssociationCommand({ AssociationId: associationId, NetworkAclId: aclId }));
    return "replaced";
  } catch (error) {
    if (hasAwsCode(error, "InvalidAssociationID.NotFound", "InvalidNetworkAclID.NotFound")) return "stale";
    throw error;
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
  throw new CordonError("list_without_end", { what: "network ACLs", pages: String(mostPages) });
}

function read({ NetworkAclId, VpcId, Associations = [], Entries = [], Tags = [] }: Described): NetworkAcl {
  if (NetworkAclId === undefined || VpcId === undefined)
    throw new CordonError("answer_incomplete", { what: "AWS described a network ACL without id or VPC" });
  return {
    id: NetworkAclId,
    vpcId: VpcId,
    tags: Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value])),
    subnetIds: Associations.flatMap(({ SubnetId }) => SubnetId ?? []),
    associations: Object.fromEntries(
      Associations.flatMap(({ SubnetId, NetworkAclAssociationId }) =>
        SubnetId === undefined || NetworkAclAssociationId === undefined ? [] : [[SubnetId, NetworkAclAssociationId]],
      ),
    ),
    entries: Entries.map((entry) => readEntry(NetworkAclId, entry)),
  };
}

/** An entry that we cannot read might allow what we mean to deny: it is an error, never left out. */
function readEntry(id: string, entry: NetworkAclEntry): AclEntry {
  const { RuleNumber, Egress, Protocol, RuleAction, CidrBlock, Ipv6CidrBlock, PortRange, IcmpTypeCode } = entry;
  const cidr = CidrBlock ?? Ipv6CidrBlock;
  if (RuleNumber === undefined || Protocol === undefined || cidr === undefined) {
    throw new CordonError("answer_incomplete", {
      what: `AWS described an entry of ${id} without a number, a protocol or a block`,
    });
  }
  const action = RuleAction === "deny" ? "deny" : "allow";
  return {
    direction: Egress === true ? "egress" : "ingress",
    number: RuleNumber,
    action,
    protocol: Protocol,
    cidr,
    ports: PortRange === undefined ? null : { from: PortRange.From ?? 0, to: PortRange.To ?? 65_535 },
    icmp: IcmpTypeCode === undefined ? null : { type: IcmpTypeCode.Type ?? -1, code: IcmpTypeCode.Code ?? -1 },
  };
}
