import { DescribeVpcPeeringConnectionsCommand, DescribeVpcsCommand } from "@aws-sdk/client-ec2";
import type { VpcPeeringConnectionVpcInfo } from "@aws-sdk/client-ec2";
import { allPages } from "./pages.ts";
import type { Sender } from "./sender.ts";

/** A VPC with all its blocks of addresses: the first, secondary ones, IPv6. */
export interface VpcBlocks {
  readonly id: string;
  readonly cidrs: readonly string[];
}

/** A Region has five VPCs by default and some hundred with a raised quota: pages of 1,000 are one. */
const mostPages = 20;

/** The VPCs of the Region. */
export async function vpcsWithBlocks(ec2: Sender): Promise<readonly VpcBlocks[]> {
  const vpcs = await allPages({ what: "VPCs", mostPages }, async (NextToken) => {
    const answer = await ec2.send(new DescribeVpcsCommand({ MaxResults: 1000, ...(NextToken && { NextToken }) }));
    return { items: answer.Vpcs, next: answer.NextToken };
  });
  return vpcs.flatMap(({ VpcId, CidrBlock, CidrBlockAssociationSet = [], Ipv6CidrBlockAssociationSet = [] }) => {
    const blocks = [
      CidrBlock,
      ...CidrBlockAssociationSet.map((one) => one.CidrBlock),
      ...Ipv6CidrBlockAssociationSet.map((one) => one.Ipv6CidrBlock),
    ];
    return VpcId === undefined ? [] : [{ id: VpcId, cidrs: [...new Set(blocks.filter((each) => each !== undefined))] }];
  });
}

/** Ids of the VPCs of the Region. */
export async function vpcIds(ec2: Sender): Promise<readonly string[]> {
  return (await vpcsWithBlocks(ec2)).map(({ id }) => id).toSorted();
}

/** Two VPCs that reach each other through an active peering connection, wherever the other one lies. */
export interface Peering {
  readonly id: string;
  readonly sides: readonly [VpcBlocks, VpcBlocks];
}

/** The active peering connections of the Region's VPCs. */
export async function activePeerings(ec2: Sender): Promise<readonly Peering[]> {
  const found = await allPages({ what: "VPC peering connections", mostPages }, async (NextToken) => {
    const answer = await ec2.send(
      new DescribeVpcPeeringConnectionsCommand({
        Filters: [{ Name: "status-code", Values: ["active"] }],
        MaxResults: 1000,
        ...(NextToken && { NextToken }),
      }),
    );
    return { items: answer.VpcPeeringConnections, next: answer.NextToken };
  });
  return found.map(({ VpcPeeringConnectionId: id = "", RequesterVpcInfo, AccepterVpcInfo }) => ({
    id,
    sides: [sideOf(RequesterVpcInfo), sideOf(AccepterVpcInfo)],
  }));
}

function sideOf(info: VpcPeeringConnectionVpcInfo = {}): VpcBlocks {
  const { VpcId: id = "", CidrBlock, CidrBlockSet = [], Ipv6CidrBlockSet = [] } = info;
  const blocks = [
    CidrBlock,
    ...CidrBlockSet.map((one) => one.CidrBlock),
    ...Ipv6CidrBlockSet.map((one) => one.Ipv6CidrBlock),
  ];
  return { id, cidrs: [...new Set(blocks.filter((each) => each !== undefined))] };
}
