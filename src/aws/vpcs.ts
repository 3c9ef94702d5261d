import { DescribeVpcsCommand } from "@aws-sdk/client-ec2";
import type { Sender } from "./sender.ts";

/** A Region has five VPCs by default and some hundred with a raised quota: pages of 1,000 are one. */
const mostPages = 20;

/** Ids of the VPCs of the Region. */
export async function vpcIds(ec2: Sender): Promise<readonly string[]> {
  const found: string[] = [];
  let token: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const { Vpcs = [], NextToken } = await ec2.send(
      new DescribeVpcsCommand({ MaxResults: 1000, ...(token === undefined ? {} : { NextToken: token }) }),
    );
    found.push(...Vpcs.flatMap(({ VpcId }) => VpcId ?? []));
    if (NextToken === undefined || NextToken === "") return found.toSorted();
    token = NextToken;
  }
  throw new Error(`the VPCs did not end after ${mostPages} pages`);
}
