import { DescribeNetworkInterfacesCommand } from "@aws-sdk/client-ec2";
import { CordonError } from "../core/errors.ts";
import type { Sender } from "./sender.ts";

/** A page holds up to 1,000 interfaces. */
const MOST_PAGES = 50;

/** Who else is in some subnets. */
export interface SubnetMembers {
  /** Ids of instances, sorted. */
  readonly instances: readonly string[];
  /** Interfaces of services (NAT gateways, load balancers, endpoints ...) and of nobody. */
  readonly otherInterfaces: readonly string[];
}

/** Everybody with an interface in these subnets, but one instance. */
export async function membersOfSubnets(
  ec2: Sender,
  subnetIds: readonly string[],
  exceptInstance: string,
): Promise<SubnetMembers> {
  const instances = new Set<string>();
  const otherInterfaces: string[] = [];
  if (subnetIds.length === 0) return { instances: [], otherInterfaces };
  const Filters = [{ Name: "subnet-id", Values: [...new Set(subnetIds)] }];
  let token: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { NetworkInterfaces = [], NextToken } = await ec2.send(
      new DescribeNetworkInterfacesCommand({
        Filters,
        MaxResults: 1000,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    );
    for (const { NetworkInterfaceId, Attachment } of NetworkInterfaces) {
      const instance = Attachment?.InstanceId;
      if (instance !== undefined) instances.add(instance);
      else if (NetworkInterfaceId !== undefined) otherInterfaces.push(NetworkInterfaceId);
    }
    if (NextToken === undefined || NextToken === "") {
      instances.delete(exceptInstance);
      return { instances: [...instances].toSorted(), otherInterfaces: otherInterfaces.toSorted() };
    }
    token = NextToken;
  }
  throw new CordonError("list_without_end", {
    what: `interfaces of ${subnetIds.join(", ")}`,
    pages: String(MOST_PAGES),
  });
}

/** The members in words, for a blast radius. */
export function membersInWords({ instances, otherInterfaces }: SubnetMembers): string {
  const services =
    otherInterfaces.length === 0 ? "" : ` and ${otherInterfaces.length} interfaces of services or of nobody`;
  return `${instances.length} other instances${services}`;
}
