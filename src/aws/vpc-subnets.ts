import { DescribeSubnetsCommand } from "@aws-sdk/client-ec2";
import { CordonError } from "../core/errors.ts";
import type { Sender } from "./sender.ts";

/** A VPC has 200 subnets by default: pages of 1,000 are one. */
const MOST_PAGES = 20;

export interface VpcSubnet {
  readonly id: string;
  readonly vpcId: string;
}

/** All subnets of some VPCs. */
export async function subnetsOfVpcs(ec2: Sender, vpcIds: readonly string[]): Promise<readonly VpcSubnet[]> {
  if (vpcIds.length === 0) return [];
  const Filters = [{ Name: "vpc-id", Values: [...new Set(vpcIds)] }];
  const found: VpcSubnet[] = [];
  let token: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { Subnets = [], NextToken } = await ec2.send(
      new DescribeSubnetsCommand({ Filters, MaxResults: 1000, ...(token === undefined ? {} : { NextToken: token }) }),
    );
    for (const { SubnetId, VpcId } of Subnets)
      if (SubnetId !== undefined && VpcId !== undefined) found.push({ id: SubnetId, vpcId: VpcId });
    if (NextToken === undefined || NextToken === "") return found;
    token = NextToken;
  }
  throw new CordonError("list_without_end", { what: "subnets", pages: String(MOST_PAGES) });
}
