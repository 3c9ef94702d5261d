import { DescribeNetworkInterfacesCommand } from "@aws-sdk/client-ec2";
import { CordonError } from "../core/errors.ts";
import type { Sender } from "./sender.ts";
import type { SubnetMembers } from "./subnet-members.ts";

/** A page holds up to 1,000 interfaces. */
const MOST_PAGES = 50;

/** Everybody whose interfaces have a security group, but one instance. */
export async function usersOfGroup(ec2: Sender, groupId: string, exceptInstance: string): Promise<SubnetMembers> {
  const instances = new Set<string>();
  const otherInterfaces: string[] = [];
  let token: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { NetworkInterfaces = [], NextToken } = await ec2.send(
      new DescribeNetworkInterfacesCommand({
        Filters: [{ Name: "group-id", Values: [groupId] }],
        MaxResults: 1000,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    );
    for (const { NetworkInterfaceId, Attachment } of NetworkInterfaces) {
      if (Attachment?.InstanceId !== undefined) instances.add(Attachment.InstanceId);
      else if (NetworkInterfaceId !== undefined) otherInterfaces.push(NetworkInterfaceId);
    }
    if (NextToken === undefined || NextToken === "") {
      instances.delete(exceptInstance);
      return { instances: [...instances].toSorted(), otherInterfaces: otherInterfaces.toSorted() };
    }
    token = NextToken;
  }
  throw new CordonError("list_without_end", { what: `interfaces with ${groupId}`, pages: String(MOST_PAGES) });
}
