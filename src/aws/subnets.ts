import { DescribeSubnetsCommand } from "@aws-sdk/client-ec2";
import type { Sender } from "./sender.ts";

export interface DescribedSubnet {
  readonly id: string;
  readonly vpcId: string;
  /** IPv4 and IPv6 blocks. */
  readonly cidrs: readonly string[];
}

/** Reads subnets by id. An id that AWS does not know is left out. */
export async function subnetsById(ec2: Sender, subnetIds: readonly string[]): Promise<readonly DescribedSubnet[]> {
  if (subnetIds.length === 0) return [];
  const { Subnets = [] } = await ec2.send(
    new DescribeSubnetsCommand({ Filters: [{ Name: "subnet-id", Values: [...new Set(subnetIds)] }] }),
  );
  return Subnets.flatMap(({ SubnetId, VpcId, CidrBlock, Ipv6CidrBlockAssociationSet = [] }) =>
    SubnetId === undefined || VpcId === undefined
      ? []
      : [
          {
            id: SubnetId,
            vpcId: VpcId,
            cidrs: [CidrBlock, ...Ipv6CidrBlockAssociationSet.map((each) => each.Ipv6CidrBlock)].filter(
              (cidr) => cidr !== undefined,
            ),
          },
        ],
  );
}
