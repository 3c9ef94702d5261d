import type {
  CreateNetworkAclEntryRequest,
  CreateNetworkAclRequest,
  CreateNetworkAclResult,
  DeleteNetworkAclEntryRequest,
  DeleteNetworkAclRequest,
  DescribeNetworkAclsRequest,
  DescribeNetworkAclsResult,
  NetworkAcl as SdkAcl,
  NetworkAclEntry as SdkEntry,
  ReplaceNetworkAclAssociationRequest,
  ReplaceNetworkAclAssociationResult,
  ReplaceNetworkAclEntryRequest,
} from "@aws-sdk/client-ec2";
import { associateNetworkAcl, createNetworkAcl } from "../../world/build-network.ts";
import type { NetworkAcl, NetworkAclEntry } from "../../world/model.ts";
import { handler, optional, ownerOf, type Context } from "../handler.ts";
import { onceFor } from "./client-tokens.ts";
import { ec2Error, existing, invalidValue, missingParameter, notFound } from "./errors.ts";
import { canonicalCidr } from "./permissions.ts";
import { select, type Filters } from "./selection.ts";
import { fromTags, specifiedTags } from "./tags.ts";

const filters: Filters<NetworkAcl> = {
  "network-acl-id": ({ id }) => id,
  "vpc-id": ({ vpcId }) => vpcId,
  default: ({ isDefault }) => isDefault,
  "association.association-id": ({ associations }) => associations.map(({ id }) => id),
  "association.network-acl-id": ({ id, associations }) => associations.map(() => id),
  "association.subnet-id": ({ associations }) => associations.map(({ subnetId }) => subnetId),
  "entry.cidr": ({ entries }) => entries.map(({ cidr }) => cidr),
  "entry.ipv6-cidr": ({ entries }) => entries.map(({ ipv6Cidr }) => ipv6Cidr),
  "entry.egress": ({ entries }) => entries.map(({ egress }) => egress),
  "entry.protocol": ({ entries }) => entries.map(({ protocol }) => protocol),
  "entry.rule-action": ({ entries }) => entries.map(({ action }) => action),
  "entry.rule-number": ({ entries }) => entries.map(({ number }) => number),
};

const describe = handler((context, input: DescribeNetworkAclsRequest): DescribeNetworkAclsResult => {
  const { items, token } = select(context, input, {
    kind: "acl",
    table: context.region.networkAcls,
    ids: input.NetworkAclIds,
    filters,
  });
  return { NetworkAcls: items.map((acl) => describeAcl(context, acl)), NextToken: token };
});

function describeAcl(context: Context, acl: NetworkAcl): SdkAcl {
  const { region } = context;
  const hasIpv6 = (region.vpcs.get(acl.vpcId)?.ipv6Cidr ?? null) !== null;
  const order = (left: NetworkAclEntry, right: NetworkAclEntry): number =>
    Number(right.egress) - Number(left.egress) || left.number - right.number;
  return {
    NetworkAclId: acl.id,
    VpcId: acl.vpcId,
    OwnerId: ownerOf(context, acl),
    IsDefault: acl.isDefault,
    Entries: [...[...acl.entries].sort(order).map(describeEntry), ...implicitEntries(hasIpv6)],
    Associations: acl.associations.map(({ id, subnetId }) => ({
      NetworkAclAssociationId: id,
      NetworkAclId: acl.id,
      SubnetId: subnetId,
    })),
    Tags: fromTags(acl.tags),
  };
}

function describeEntry(entry: NetworkAclEntry): SdkEntry {
  return {
    RuleNumber: entry.number,
    Egress: entry.egress,
    Protocol: entry.protocol,
    RuleAction: entry.action,
    CidrBlock: optional(entry.cidr),
    Ipv6CidrBlock: optional(entry.ipv6Cidr),
    PortRange: entry.portRange ? { From: entry.portRange.from, To: entry.portRange.to } : undefined,
    IcmpTypeCode: entry.icmp ? { Type: entry.icmp.type, Code: entry.icmp.code } : undefined,
  };
}

/** The last entry, `*` in the console: https://docs.aws.amazon.com/vpc/latest/userguide/nacl-basics.html */
function implicitEntries(hasIpv6: boolean): SdkEntry[] {
  return [true, false].flatMap((Egress) => [
    { RuleNumber: 32_767, Egress, Protocol: "-1", RuleAction: "deny" as const, CidrBlock: "0.0.0.0/0" },
    ...(hasIpv6
      ? [{ RuleNumber: 32_768, Egress, Protocol: "-1", RuleAction: "deny" as const, Ipv6CidrBlock: "::/0" }]
      : []),
  ]);
}

/** Errors: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html */
const createEntry = handler((context, input: CreateNetworkAclEntryRequest) => {
  const acl = existing(context.world, context.region.networkAcls, { kind: "acl", id: input.NetworkAclId });
  const entry = toEntry(input);
  if (acl.entries.some(sameSlot(entry)))
    throw ec2Error(
      "NetworkAclEntryAlreadyExists",
      `The network acl entry identified by ${entry.number} already exists.`,
    );
  if (acl.entries.filter(({ egress }) => egress === entry.egress).length >= context.quotas.networkAclEntries) {
    throw ec2Error(
      "NetworkAclEntryLimitExceeded",
      `The maximum number of network acl entries has been reached: ${context.quotas.networkAclEntries}.`,
    );
  }
  context.world.change(acl, () => acl.entries.push(entry));
  return {};
});

const replaceEntry = handler((context, input: ReplaceNetworkAclEntryRequest) => {
  const acl = existing(context.world, context.region.networkAcls, { kind: "acl", id: input.NetworkAclId });
  const entry = toEntry(input);
  const index = acl.entries.findIndex(sameSlot(entry));
  if (index < 0) throw missingEntry(entry.number);
  context.world.change(acl, () => acl.entries.splice(index, 1, entry));
  return {};
});

const deleteEntry = handler((context, input: DeleteNetworkAclEntryRequest) => {
  const acl = existing(context.world, context.region.networkAcls, { kind: "acl", id: input.NetworkAclId });
  const { RuleNumber: number, Egress: egress } = input;
  if (number === undefined) throw missingParameter("ruleNumber");
  if (egress === undefined) throw missingParameter("egress");
  const index = acl.entries.findIndex(sameSlot({ number, egress }));
  if (index < 0) throw missingEntry(number);
  context.world.change(acl, () => acl.entries.splice(index, 1));
  return {};
});

function missingEntry(number: number): Error {
  return ec2Error("InvalidNetworkAclEntry.NotFound", `The network acl entry identified by ${number} does not exist.`);
}

function sameSlot({ number, egress }: Pick<NetworkAclEntry, "number" | "egress">): (entry: NetworkAclEntry) => boolean {
  return (entry) => entry.number === number && entry.egress === egress;
}

function toEntry(input: CreateNetworkAclEntryRequest): NetworkAclEntry {
  const {
    RuleNumber: number,
    Egress: egress,
    RuleAction: action,
    Protocol,
    CidrBlock,
    Ipv6CidrBlock,
    PortRange,
    IcmpTypeCode,
  } = input;
  if (number === undefined) throw missingParameter("ruleNumber");
  if (egress === undefined) throw missingParameter("egress");
  if (Protocol === undefined) throw missingParameter("protocol");
  if (number < 1 || number > 32_766) throw invalidValue(number, "ruleNumber", "It must be between 1 and 32766.");
  if (action !== "allow" && action !== "deny") throw invalidValue(action, "ruleAction", "It must be allow or deny.");
  const protocol =
    ({ tcp: "6", udp: "17", icmp: "1", icmpv6: "58", all: "-1" } as Readonly<Record<string, string>>)[Protocol] ??
    Protocol;
  if (!/^(-1|\d{1,3})$/.test(protocol)) throw invalidValue(Protocol, "protocol", "It must be a protocol number.");
  if ((CidrBlock === undefined) === (Ipv6CidrBlock === undefined))
    throw ec2Error("MissingParameter", "Exactly one of cidrBlock and ipv6CidrBlock must be specified.");
  const hasPorts = protocol === "6" || protocol === "17";
  if (hasPorts && (PortRange?.From === undefined || PortRange.To === undefined)) throw missingParameter("portRange");
  const hasTypes = protocol === "1" || protocol === "58";
  if (hasTypes && IcmpTypeCode === undefined) throw missingParameter("icmpTypeCode");
  return {
    number,
    egress,
    protocol,
    action,
    cidr: CidrBlock === undefined ? null : canonicalCidr(CidrBlock, 4),
    ipv6Cidr: Ipv6CidrBlock === undefined ? null : canonicalCidr(Ipv6CidrBlock, 6),
    portRange: hasPorts ? { from: PortRange?.From ?? 0, to: PortRange?.To ?? 0 } : null,
    icmp: hasTypes ? { type: IcmpTypeCode?.Type ?? -1, code: IcmpTypeCode?.Code ?? -1 } : null,
  };
}

const create = handler((context, input: CreateNetworkAclRequest): CreateNetworkAclResult => {
  const vpc = existing(context.world, context.region.vpcs, { kind: "vpc", id: input.VpcId });
  const tags = specifiedTags(input.TagSpecifications, "network-acl");
  const id = onceFor(context, input.ClientToken, () => createNetworkAcl(context, { vpcId: vpc.id, tags }).id);
  const acl = context.region.networkAcls.get(id);
  if (!acl) throw notFound("acl", id);
  return { NetworkAcl: describeAcl(context, acl), ClientToken: input.ClientToken };
});

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteNetworkAcl.html: neither the default one nor one in use. */
const remove = handler((context, input: DeleteNetworkAclRequest) => {
  const acl = existing(context.world, context.region.networkAcls, { kind: "acl", id: input.NetworkAclId });
  if (acl.isDefault) throw ec2Error("InvalidParameterValue", `cannot delete default network ACL ${acl.id}`);
  if (acl.associations.length > 0)
    throw ec2Error("DependencyViolation", `The networkAcl '${acl.id}' has dependencies and cannot be deleted.`);
  context.world.remove(context.region.networkAcls, acl.id);
  return {};
});

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceNetworkAclAssociation.html: the association gets a new id. */
const replaceAssociation = handler(
  (context, input: ReplaceNetworkAclAssociationRequest): ReplaceNetworkAclAssociationResult => {
    const { world, region } = context;
    const acl = existing(world, region.networkAcls, { kind: "acl", id: input.NetworkAclId });
    const current = [...region.networkAcls.values()].find(({ associations }) =>
      associations.some(({ id }) => id === input.AssociationId),
    );
    const subnetId = current?.associations.find(({ id }) => id === input.AssociationId)?.subnetId;
    if (!current || subnetId === undefined)
      throw ec2Error(
        "InvalidAssociationID.NotFound",
        `The association ID '${input.AssociationId ?? ""}' does not exist`,
      );
    if (current.vpcId !== acl.vpcId)
      throw ec2Error(
        "InvalidParameterValue",
        `Network ACL ${acl.id} and subnet ${subnetId} belong to different networks.`,
      );
    return { NewAssociationId: associateNetworkAcl(context, acl, subnetId) };
  },
);

export const networkAclHandlers = {
  DescribeNetworkAcls: describe,
  CreateNetworkAclEntry: createEntry,
  ReplaceNetworkAclEntry: replaceEntry,
  DeleteNetworkAclEntry: deleteEntry,
  CreateNetworkAcl: create,
  DeleteNetworkAcl: remove,
  ReplaceNetworkAclAssociation: replaceAssociation,
};
