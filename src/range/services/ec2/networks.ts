import type {
  DescribeAddressesRequest,
  DescribeAddressesResult,
  DescribeInternetGatewaysRequest,
  DescribeInternetGatewaysResult,
  DescribeManagedPrefixListsRequest,
  DescribeManagedPrefixListsResult,
  DescribeNatGatewaysRequest,
  DescribeNatGatewaysResult,
  DescribeSubnetsRequest,
  DescribeSubnetsResult,
  DescribeVpcsRequest,
  DescribeVpcsResult,
  GetManagedPrefixListEntriesRequest,
  GetManagedPrefixListEntriesResult,
} from "@aws-sdk/client-ec2";
import type { ElasticAddress, InternetGateway, NatGateway, PrefixList, Subnet, Vpc } from "../../world/model.ts";
import { handler, optional, ownerOf, type Context } from "../handler.ts";
import { notFound } from "./errors.ts";
import { filterBy, paged, select, type Filters } from "./selection.ts";
import { fromTags } from "./tags.ts";

const vpcFilters: Filters<Vpc> = {
  "vpc-id": ({ id }) => id,
  cidr: ({ cidr }) => cidr,
  "is-default": ({ isDefault }) => isDefault,
  state: () => "available",
};

const describeVpcs = handler((context, input: DescribeVpcsRequest): DescribeVpcsResult => {
  const { items, token } = select(context, input, {
    kind: "vpc",
    table: context.region.vpcs,
    ids: input.VpcIds,
    filters: vpcFilters,
  });
  return {
    Vpcs: items.map((vpc) => ({
      VpcId: vpc.id,
      OwnerId: ownerOf(context, vpc),
      State: "available",
      CidrBlock: vpc.cidr,
      CidrBlockAssociationSet: [vpc.cidr, ...vpc.secondaryCidrs].map((CidrBlock, index) => ({
        AssociationId: `vpc-cidr-assoc-${vpc.id.slice(4)}${index === 0 ? "" : `-${index}`}`,
        CidrBlock,
        CidrBlockState: { State: "associated" },
      })),
      Ipv6CidrBlockAssociationSet:
        vpc.ipv6Cidr === null
          ? []
          : [
              {
                AssociationId: `vpc-cidr-assoc-${vpc.id.slice(4)}6`,
                Ipv6CidrBlock: vpc.ipv6Cidr,
                Ipv6CidrBlockState: { State: "associated" },
              },
            ],
      IsDefault: vpc.isDefault,
      DhcpOptionsId: vpc.dhcpOptionsId,
      InstanceTenancy: "default",
      Tags: fromTags(vpc.tags),
    })),
    NextToken: token,
  };
});

const subnetFilters: Filters<Subnet> = {
  "subnet-id": ({ id }) => id,
  "vpc-id": ({ vpcId }) => vpcId,
  "availability-zone": ({ availabilityZone }) => availabilityZone,
  "cidr-block": ({ cidr }) => cidr,
  state: () => "available",
};

const describeSubnets = handler((context, input: DescribeSubnetsRequest): DescribeSubnetsResult => {
  const { region } = context;
  const { items, token } = select(context, input, {
    kind: "subnet",
    table: region.subnets,
    ids: input.SubnetIds,
    filters: subnetFilters,
  });
  return {
    Subnets: items.map((subnet) => ({
      SubnetId: subnet.id,
      SubnetArn: `arn:aws:ec2:${region.name}:${ownerOf(context, subnet)}:subnet/${subnet.id}`,
      VpcId: subnet.vpcId,
      OwnerId: ownerOf(context, subnet),
      State: "available",
      AvailabilityZone: subnet.availabilityZone,
      CidrBlock: subnet.cidr,
      Ipv6CidrBlockAssociationSet:
        subnet.ipv6Cidr === null
          ? []
          : [
              {
                AssociationId: `subnet-cidr-assoc-${subnet.id.slice(7)}`,
                Ipv6CidrBlock: subnet.ipv6Cidr,
                Ipv6CidrBlockState: { State: "associated" },
              },
            ],
      AvailableIpAddressCount: freeAddresses(context, subnet),
      MapPublicIpOnLaunch: subnet.mapPublicIpOnLaunch,
      Tags: fromTags(subnet.tags),
    })),
    NextToken: token,
  };
});

/** AWS keeps five addresses of every subnet: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html */
function freeAddresses({ region }: Context, { id, cidr }: Subnet): number {
  const taken = [...region.interfaces.values()]
    .filter(({ subnetId }) => subnetId === id)
    .flatMap(({ privateIps }) => privateIps).length;
  return 2 ** (32 - Number(cidr.split("/")[1])) - 5 - taken;
}

const internetGatewayFilters: Filters<InternetGateway> = {
  "internet-gateway-id": ({ id }) => id,
  "attachment.vpc-id": ({ vpcId }) => vpcId,
  "attachment.state": ({ vpcId }) => (vpcId === null ? null : "available"),
};

const describeInternetGateways = handler(
  (context, input: DescribeInternetGatewaysRequest): DescribeInternetGatewaysResult => {
    const where = ({ egressOnly }: InternetGateway): boolean => !egressOnly;
    const { items, token } = select(context, input, {
      kind: "internetGateway",
      table: context.region.internetGateways,
      ids: input.InternetGatewayIds,
      filters: internetGatewayFilters,
      where,
    });
    return {
      InternetGateways: items.map(({ id, vpcId, tags }) => ({
        InternetGatewayId: id,
        OwnerId: context.account.id,
        Attachments: vpcId === null ? [] : [{ VpcId: vpcId, State: "available" as "attached" }],
        Tags: fromTags(tags),
      })),
      NextToken: token,
    };
  },
);

const natGatewayFilters: Filters<NatGateway> = {
  "nat-gateway-id": ({ id }) => id,
  state: ({ state }) => state,
  "subnet-id": ({ subnetId }) => subnetId,
  "vpc-id": ({ vpcId }) => vpcId,
};

/** This operation spells its filters `Filter`. */
const describeNatGateways = handler((context, input: DescribeNatGatewaysRequest): DescribeNatGatewaysResult => {
  const selection = { Filters: input.Filter, MaxResults: input.MaxResults, NextToken: input.NextToken };
  const { items, token } = select(context, selection, {
    kind: "natGateway",
    table: context.region.natGateways,
    ids: input.NatGatewayIds,
    filters: natGatewayFilters,
  });
  return {
    NatGateways: items.map((nat) => ({
      NatGatewayId: nat.id,
      VpcId: nat.vpcId,
      SubnetId: nat.subnetId,
      State: nat.state,
      ConnectivityType: "public",
      NatGatewayAddresses: [
        {
          NetworkInterfaceId: nat.interfaceId,
          PrivateIp: nat.privateIp,
          PublicIp: nat.publicIp,
          IsPrimary: true,
          Status: "succeeded",
        },
      ],
      Tags: fromTags(nat.tags),
    })),
    NextToken: token,
  };
});

const prefixListFilters: Filters<PrefixList> = {
  "owner-id": ({ ownerId }) => ownerId,
  "prefix-list-id": ({ id }) => id,
  "prefix-list-name": ({ name }) => name,
};

const describePrefixLists = handler(
  (context, input: DescribeManagedPrefixListsRequest): DescribeManagedPrefixListsResult => {
    const { items, token } = select(context, input, {
      kind: "prefixList",
      table: context.region.prefixLists,
      ids: input.PrefixListIds,
      filters: prefixListFilters,
      range: [1, 100],
    });
    return {
      PrefixLists: items.map((list) => ({
        PrefixListId: list.id,
        PrefixListName: list.name,
        PrefixListArn: `arn:aws:ec2:${context.region.name}:${list.ownerId === "AWS" ? "aws" : list.ownerId}:prefix-list/${list.id}`,
        OwnerId: list.ownerId,
        AddressFamily: list.addressFamily,
        State: "create-complete",
        Tags: fromTags(list.tags),
      })),
      NextToken: token,
    };
  },
);

const getPrefixListEntries = handler(
  (context, input: GetManagedPrefixListEntriesRequest): GetManagedPrefixListEntriesResult => {
    const list = context.world.see(context.region.prefixLists, input.PrefixListId ?? "");
    if (!list) throw notFound("prefixList", input.PrefixListId ?? "");
    const { items, token } = paged(context, list.entries, {
      input: { MaxResults: input.MaxResults, NextToken: input.NextToken },
      range: [1, 100],
    });
    return {
      Entries: items.map(({ cidr, description }) => ({ Cidr: cidr, Description: optional(description) })),
      NextToken: token,
    };
  },
);

const addressFilters: Filters<ElasticAddress> = {
  "allocation-id": ({ id }) => id,
  "association-id": ({ associationId }) => associationId,
  "network-interface-id": ({ interfaceId }) => interfaceId,
  "private-ip-address": ({ privateIp }) => privateIp,
  "public-ip": ({ publicIp }) => publicIp,
};

/** This operation does not page. */
const describeAddresses = handler((context, input: DescribeAddressesRequest): DescribeAddressesResult => {
  const { world, region } = context;
  const all = world.list(region.elasticAddresses);
  const { AllocationIds: ids = [], PublicIps: ips = [] } = input;
  for (const id of ids) if (!all.some((address) => address.id === id)) throw notFound("allocation", id);
  const instanceOf = ({ interfaceId }: ElasticAddress): string | undefined =>
    region.interfaces.get(interfaceId ?? "")?.attachment?.instanceId;
  const named = all.filter(
    ({ id, publicIp }) => (ids.length === 0 || ids.includes(id)) && (ips.length === 0 || ips.includes(publicIp)),
  );
  const found = filterBy(named, input.Filters, { ...addressFilters, "instance-id": instanceOf });
  return {
    Addresses: found.map((address) => ({
      AllocationId: address.id,
      PublicIp: address.publicIp,
      Domain: "vpc",
      AssociationId: optional(address.associationId),
      NetworkInterfaceId: optional(address.interfaceId),
      PrivateIpAddress: optional(address.privateIp),
      InstanceId: instanceOf(address),
      NetworkInterfaceOwnerId: address.interfaceId === null ? undefined : context.account.id,
      Tags: fromTags(address.tags),
    })),
  };
});

export const networkHandlers = {
  DescribeVpcs: describeVpcs,
  DescribeSubnets: describeSubnets,
  DescribeInternetGateways: describeInternetGateways,
  DescribeNatGateways: describeNatGateways,
  DescribeManagedPrefixLists: describePrefixLists,
  GetManagedPrefixListEntries: getPrefixListEntries,
  DescribeAddresses: describeAddresses,
};
