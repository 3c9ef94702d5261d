/** Reads what joins a VPC to other networks, kind by kind: a kind that cannot be read is said, never taken for absent. */
import {
  DescribeCarrierGatewaysCommand,
  DescribeInternetGatewaysCommand,
  DescribeNetworkInterfacesCommand,
  DescribeTransitGatewayVpcAttachmentsCommand,
  DescribeVpnGatewaysCommand,
} from "@aws-sdk/client-ec2";
import { ifConcluded } from "./if-readable.ts";
import { allPages } from "./pages.ts";
import type { Sender } from "./sender.ts";
import { activePeerings, vpcsWithBlocks } from "./vpcs.ts";

/** Something by which packets enter or leave a VPC. */
export interface VpcGateway {
  readonly id: string;
  readonly vpcId: string;
  readonly kind: "internet" | "vpn" | "carrier" | "transit" | "peering" | "forwarder";
  /** The blocks behind it; null if any address may be. */
  readonly cidrs: readonly string[] | null;
  readonly subnetIds: readonly string[];
}

export interface VpcGateways {
  /** Blocks of each VPC; null if they could not be read. */
  readonly blocks: ReadonlyMap<string, readonly string[]> | null;
  readonly gateways: readonly VpcGateway[];
  /** Kinds that could not be read, as clauses. */
  readonly unread: readonly string[];
}

const mostPages = 20;

/** Reads all kinds side by side, for some VPCs. */
export async function gatewaysOf(ec2: Sender, vpcIds: readonly string[]): Promise<VpcGateways> {
  const vpcs = [...new Set(vpcIds)];
  const reads = {
    "internet gateways": internetGateways(ec2, vpcs),
    "VPN gateways": vpnGateways(ec2, vpcs),
    "carrier gateways": carrierGateways(ec2, vpcs),
    "transit gateway attachments": transitAttachments(ec2, vpcs),
    "peering connections": peerings(ec2, vpcs),
    "interfaces that forward": forwarders(ec2, vpcs),
  };
  const [blocks, ...found] = await Promise.all([
    ifConcluded(vpcsWithBlocks(ec2)),
    ...Object.entries(reads).map(async ([name, read]) => ({ name, gateways: await ifConcluded(read) })),
  ]);
  return {
    blocks: blocks && new Map(blocks.map(({ id, cidrs }) => [id, cidrs])),
    gateways: found.flatMap(({ gateways }) => gateways ?? []),
    unread: [
      ...(blocks === null ? ["the blocks of the VPC, which could not be read"] : []),
      ...found.flatMap(({ name, gateways }) => (gateways === null ? [`${name} that could not be read`] : [])),
    ],
  };
}

function inVpcs(name: string, vpcs: readonly string[], token: string | undefined) {
  return { Filters: [{ Name: name, Values: [...vpcs] }], ...(token === undefined ? {} : { NextToken: token }) };
}

async function internetGateways(ec2: Sender, vpcs: readonly string[]): Promise<readonly VpcGateway[]> {
  const all = await allPages({ what: "internet gateways", mostPages }, async (token) => {
    const answer = await ec2.send(new DescribeInternetGatewaysCommand(inVpcs("attachment.vpc-id", vpcs, token)));
    return { items: answer.InternetGateways, next: answer.NextToken };
  });
  return all.flatMap(({ InternetGatewayId, Attachments = [] }) =>
    Attachments.flatMap(({ VpcId }) => gateway(InternetGatewayId, VpcId, "internet")),
  );
}

/** This operation does not page. */
async function vpnGateways(ec2: Sender, vpcs: readonly string[]): Promise<readonly VpcGateway[]> {
  const { VpnGateways = [] } = await ec2.send(
    new DescribeVpnGatewaysCommand(inVpcs("attachment.vpc-id", vpcs, undefined)),
  );
  return VpnGateways.flatMap(({ VpnGatewayId, VpcAttachments = [] }) =>
    VpcAttachments.flatMap(({ VpcId, State }) => (State === "detached" ? [] : gateway(VpnGatewayId, VpcId, "vpn"))),
  );
}

async function carrierGateways(ec2: Sender, vpcs: readonly string[]): Promise<readonly VpcGateway[]> {
  const all = await allPages({ what: "carrier gateways", mostPages }, async (token) => {
    const answer = await ec2.send(new DescribeCarrierGatewaysCommand(inVpcs("vpc-id", vpcs, token)));
    return { items: answer.CarrierGateways, next: answer.NextToken };
  });
  return all.flatMap(({ CarrierGatewayId, VpcId, State }) =>
    State === "deleted" ? [] : gateway(CarrierGatewayId, VpcId, "carrier"),
  );
}

/** An attachment that is being deleted may still deliver. */
async function transitAttachments(ec2: Sender, vpcs: readonly string[]): Promise<readonly VpcGateway[]> {
  const all = await allPages({ what: "transit gateway attachments", mostPages }, async (token) => {
    const answer = await ec2.send(new DescribeTransitGatewayVpcAttachmentsCommand(inVpcs("vpc-id", vpcs, token)));
    return { items: answer.TransitGatewayVpcAttachments, next: answer.NextToken };
  });
  return all.flatMap(({ TransitGatewayId, VpcId, State, SubnetIds = [] }) =>
    State === "deleted" ? [] : gateway(TransitGatewayId, VpcId, "transit", { subnetIds: SubnetIds }),
  );
}

/** The other side's blocks. A side that AWS does not describe may have any. */
async function peerings(ec2: Sender, vpcs: readonly string[]): Promise<readonly VpcGateway[]> {
  return (await activePeerings(ec2)).flatMap(({ id, sides }) =>
    sides.flatMap((side, index) => {
      const other = sides[1 - index];
      const cidrs = other === undefined || other.cidrs.length === 0 ? null : other.cidrs;
      return vpcs.includes(side.id) ? gateway(id, side.id, "peering", { cidrs }) : [];
    }),
  );
}

/** What these hand on is known by a route or by their own address. */
const NO_FORWARDERS = [
  "nat_gateway",
  "vpc_endpoint",
  "lambda",
  "network_load_balancer",
  "gateway_load_balancer",
  "global_accelerator_managed",
];

/** Interfaces without a source and destination check may hand on packets of anybody. */
async function forwarders(ec2: Sender, vpcs: readonly string[]): Promise<readonly VpcGateway[]> {
  const all = await allPages({ what: "interfaces that forward", mostPages }, async (token) => {
    const { Filters, ...page } = inVpcs("vpc-id", vpcs, token);
    const unchecked = [...Filters, { Name: "source-dest-check", Values: ["false"] }];
    const answer = await ec2.send(
      new DescribeNetworkInterfacesCommand({ Filters: unchecked, MaxResults: 1000, ...page }),
    );
    return { items: answer.NetworkInterfaces, next: answer.NextToken };
  });
  return all.flatMap(({ NetworkInterfaceId, VpcId, SubnetId = "", InterfaceType = "interface" }) => {
    if (NO_FORWARDERS.includes(InterfaceType)) return [];
    return gateway(NetworkInterfaceId, VpcId, "forwarder", { subnetIds: [SubnetId] });
  });
}

function gateway(
  id: string | undefined,
  vpcId: string | undefined,
  kind: VpcGateway["kind"],
  {
    cidrs = null,
    subnetIds = [],
  }: { readonly cidrs?: readonly string[] | null; readonly subnetIds?: readonly string[] } = {},
): readonly VpcGateway[] {
  return id === undefined || vpcId === undefined ? [] : [{ id, vpcId, kind, cidrs, subnetIds }];
}
