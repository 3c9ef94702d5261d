import { DescribeVpcEndpointsCommand } from "@aws-sdk/client-ec2";
import { allPages } from "./pages.ts";
import type { Sender } from "./sender.ts";

/** What an agent of Systems Manager calls: https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-create-vpc.html */
const AGENT_SERVICES = ["ssm", "ssmmessages"] as const;

/** The services that an agent in a VPC needs and the VPC has no interface endpoint for; empty when it can do without the internet. */
export async function missingAgentEndpoints(ec2: Sender, vpcId: string): Promise<readonly string[]> {
  const endpoints = await allPages({ what: `endpoints of ${vpcId}`, mostPages: 20 }, async (token) => {
    const { VpcEndpoints, NextToken } = await ec2.send(
      new DescribeVpcEndpointsCommand({
        Filters: [
          { Name: "vpc-id", Values: [vpcId] },
          { Name: "vpc-endpoint-type", Values: ["Interface"] },
          { Name: "vpc-endpoint-state", Values: ["available"] },
        ],
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    );
    return { items: VpcEndpoints, next: NextToken };
  });
  return AGENT_SERVICES.filter(
    (service) => !endpoints.some(({ ServiceName = "" }) => ServiceName.endsWith(`.${service}`)),
  );
}
