import { DescribeSecurityGroupsCommand } from "@aws-sdk/client-ec2";
import { allPages } from "./pages.ts";
import type { Sender } from "./sender.ts";

const MOST_PAGES = 20;

/** The accounts that own some groups; a group that AWS does not show is not among them. */
export async function ownersOfGroups(ec2: Sender, groupIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (groupIds.length === 0) return new Map();
  const Filters = [{ Name: "group-id", Values: [...new Set(groupIds)] }];
  const found = await allPages(
    { what: `security groups ${groupIds.join(", ")}`, mostPages: MOST_PAGES },
    async (token) => {
      const answer = await ec2.send(
        new DescribeSecurityGroupsCommand({
          Filters,
          MaxResults: 1000,
          ...(token === undefined ? {} : { NextToken: token }),
        }),
      );
      return { items: answer.SecurityGroups, next: answer.NextToken };
    },
  );
  return new Map(
    found.flatMap(({ GroupId, OwnerId }) =>
      GroupId === undefined || OwnerId === undefined ? [] : [[GroupId, OwnerId] as const],
    ),
  );
}
