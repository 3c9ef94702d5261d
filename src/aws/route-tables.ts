import { DescribeRouteTablesCommand } from "@aws-sdk/client-ec2";
import type { Route } from "@aws-sdk/client-ec2";
import type { Sender } from "./sender.ts";

/** A page holds up to 100 tables, a VPC 200 by default. */
const MOST_PAGES = 50;

export interface DescribedRoute {
  /** CIDR block, or a prefix list's id. */
  readonly destination: string;
  /** `local`, or the id of a gateway, interface, endpoint, peering connection ... */
  readonly target: string;
  readonly isBlackhole: boolean;
}

export interface DescribedRouteTable {
  readonly id: string;
  readonly vpcId: string;
  /** Whether it serves the subnets that are associated with no table. */
  readonly isMain: boolean;
  readonly subnetIds: readonly string[];
  readonly routes: readonly DescribedRoute[];
}

/** All route tables of some VPCs, so that a subnet without an association finds the main one. */
export async function routeTablesOf(ec2: Sender, vpcIds: readonly string[]): Promise<readonly DescribedRouteTable[]> {
  if (vpcIds.length === 0) return [];
  const found: DescribedRouteTable[] = [];
  let token: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await ec2.send(
      new DescribeRouteTablesCommand({
        Filters: [{ Name: "vpc-id", Values: [...new Set(vpcIds)] }],
        MaxResults: 100,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    );
    for (const { RouteTableId, VpcId, Associations = [], Routes = [] } of answer.RouteTables ?? []) {
      if (RouteTableId === undefined || VpcId === undefined) continue;
      found.push({
        id: RouteTableId,
        vpcId: VpcId,
        isMain: Associations.some(({ Main }) => Main === true),
        subnetIds: Associations.flatMap(({ SubnetId }) => (SubnetId === undefined ? [] : [SubnetId])),
        routes: Routes.flatMap(toRoute),
      });
    }
    token = answer.NextToken;
    if (token === undefined || token === "") return found;
  }
  throw new Error(`more than ${MOST_PAGES} pages of route tables`);
}

/** The table that serves a subnet: its own, else the main one of its VPC. */
export function routeTableOf(
  tables: readonly DescribedRouteTable[],
  { id, vpcId }: { readonly id: string; readonly vpcId: string },
): DescribedRouteTable | null {
  const own = tables.find(({ subnetIds }) => subnetIds.includes(id));
  return own ?? tables.find((table) => table.vpcId === vpcId && table.isMain) ?? null;
}

function toRoute(route: Route): DescribedRoute[] {
  const destination = route.DestinationCidrBlock ?? route.DestinationIpv6CidrBlock ?? route.DestinationPrefixListId;
  const target =
    route.NatGatewayId ??
    route.EgressOnlyInternetGatewayId ??
    route.TransitGatewayId ??
    route.VpcPeeringConnectionId ??
    route.LocalGatewayId ??
    route.CarrierGatewayId ??
    route.CoreNetworkArn ??
    route.GatewayId ??
    route.NetworkInterfaceId ??
    route.InstanceId;
  if (destination === undefined || target === undefined) return [];
  return [{ destination, target, isBlackhole: route.State === "blackhole" }];
}
