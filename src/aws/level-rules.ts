import { DescribeManagedPrefixListsCommand, DescribeVpcEndpointsCommand } from "@aws-sdk/client-ec2";
import type { GroupOf, IsolationLevel } from "../core/step.ts";
import type { GroupRule } from "./security-groups.ts";
import type { Sender } from "./sender.ts";

/** The rules that a level's group has in a VPC, no more and no less; null where the VPC lacks what they would lead to. */
export type LevelRules = (vpcId: string) => readonly GroupRule[] | null;

/** Systems Manager's ways in. https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-create-vpc.html */
const AGENT_SERVICES = ["ssm", "ssmmessages", "ec2messages"];

const MOST_PAGES = 20;

/**
 * Reads what the rules of a level depend on.
 *
 * @param workstationOf The group of the forensic workstations, which alone reach an instance on a forensic level.
 */
export async function rulesOfLevel(
  ec2: Sender,
  level: IsolationLevel,
  workstationOf: () => Promise<GroupOf>,
): Promise<LevelRules> {
  switch (level) {
    case "evidence":
      return evidenceRules(ec2);
    case "forensic":
      return accessRules(await workstationOf(), "22-22");
    case "forensic-windows":
      return accessRules(await workstationOf(), "3389-3389");
    case "sealed":
    case "open":
    case "workstation":
      return () => [];
    default:
      return level satisfies never;
  }
}

function accessRules(workstationOf: GroupOf, ports: string): LevelRules {
  return (vpcId) => {
    const peer = workstationOf(vpcId);
    return peer === null ? null : [{ direction: "in", protocol: "tcp", ports, peer }];
  };
}

/** HTTPS to the endpoints of Systems Manager, and to S3 through its gateway endpoint. */
async function evidenceRules(ec2: Sender): Promise<LevelRules> {
  const [endpoints, s3Lists] = await Promise.all([agentEndpoints(ec2), s3PrefixLists(ec2)]);
  return (vpcId) => {
    const own = endpoints.filter((endpoint) => endpoint.vpcId === vpcId).flatMap(({ groupIds }) => groupIds);
    if (own.length === 0) return null;
    return [...new Set([...own, ...s3Lists])].map((peer) => ({
      direction: "out",
      protocol: "tcp",
      ports: "443-443",
      peer,
    }));
  };
}

async function agentEndpoints(
  ec2: Sender,
): Promise<readonly { readonly vpcId: string; readonly groupIds: readonly string[] }[]> {
  const Filters = [{ Name: "service-name", Values: AGENT_SERVICES.map((name) => `com.amazonaws.*.${name}`) }];
  const found: { readonly vpcId: string; readonly groupIds: readonly string[] }[] = [];
  let token: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { VpcEndpoints = [], NextToken } = await ec2.send(
      new DescribeVpcEndpointsCommand({
        Filters,
        MaxResults: 1000,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    );
    for (const { VpcId, Groups = [] } of VpcEndpoints)
      if (VpcId !== undefined) found.push({ vpcId: VpcId, groupIds: Groups.flatMap(({ GroupId }) => GroupId ?? []) });
    if (NextToken === undefined || NextToken === "") return found;
    token = NextToken;
  }
  throw new Error(`the endpoints did not end after ${MOST_PAGES} pages`);
}

/** AWS's own list of S3's addresses in the Region. A list of this name that is not AWS's is none. */
async function s3PrefixLists(ec2: Sender): Promise<readonly string[]> {
  const { PrefixLists = [] } = await ec2.send(
    new DescribeManagedPrefixListsCommand({
      Filters: [
        { Name: "owner-id", Values: ["AWS"] },
        { Name: "prefix-list-name", Values: ["com.amazonaws.*.s3"] },
      ],
      MaxResults: 100,
    }),
  );
  return PrefixLists.flatMap(({ PrefixListId }) => PrefixListId ?? []);
}
