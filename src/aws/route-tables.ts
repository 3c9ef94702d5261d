import {
  AssociateRouteTableCommand,
  CreateRouteTableCommand,
  DeleteRouteTableCommand,
  DescribeRouteTablesCommand,
  DisassociateRouteTableCommand,
  ReplaceRouteTableAssociationCommand,
} from "@aws-sdk/client-ec2";
import { CordonError } from "../core/errors.ts";
import type { Route, Tag } from "@aws-sdk/client-ec2";
import { hasAwsCode } from "./aws-call-error.ts";
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
  /** Ids of its associations, by subnet. */
  readonly associations: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly routes: readonly DescribedRoute[];
}

/** All route tables of some VPCs, so that a subnet without an association finds the main one. */
export function routeTablesOf(ec2: Sender, vpcIds: readonly string[]): Promise<readonly DescribedRouteTable[]> {
  return find(ec2, "vpc-id", vpcIds);
}

/** One route table; null where it is gone. */
export async function findRouteTable(ec2: Sender, id: string): Promise<DescribedRouteTable | null> {
  const found = await find(ec2, "route-table-id", [id]);
  return found.find((table) => table.id === id) ?? null;
}

async function find(ec2: Sender, filter: string, values: readonly string[]): Promise<readonly DescribedRouteTable[]> {
  if (values.length === 0) return [];
  const found: DescribedRouteTable[] = [];
  let token: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await ec2.send(
      new DescribeRouteTablesCommand({
        Filters: [{ Name: filter, Values: [...new Set(values)] }],
        MaxResults: 100,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    );
    for (const { RouteTableId, VpcId, Associations = [], Routes = [], Tags = [] } of answer.RouteTables ?? []) {
      if (RouteTableId === undefined || VpcId === undefined) continue;
      found.push({
        id: RouteTableId,
        vpcId: VpcId,
        isMain: Associations.some(({ Main }) => Main === true),
        subnetIds: Associations.flatMap(({ SubnetId }) => (SubnetId === undefined ? [] : [SubnetId])),
        associations: Object.fromEntries(
          Associations.flatMap(({ SubnetId, RouteTableAssociationId: id }) =>
            SubnetId === undefined || id === undefined ? [] : [[SubnetId, id]],
          ),
        ),
        tags: Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value])),
        routes: Routes.flatMap(toRoute),
      });
    }
    token = answer.NextToken;
    if (token === undefined || token === "") return found;
  }
  throw new CordonError("list_without_end", { what: "route tables", pages: String(MOST_PAGES) });
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

/** Makes a table with the VPC's local routes only. The token makes it once. */
export async function createRouteTable(
  ec2: Sender,
  { vpcId, token, tags }: { readonly vpcId: string; readonly token: string; readonly tags: readonly Tag[] },
): Promise<string> {
  const { RouteTable: made } = await ec2.send(
    new CreateRouteTableCommand({
      VpcId: vpcId,
      ClientToken: token,
      TagSpecifications: [{ ResourceType: "route-table", Tags: [...tags] }],
    }),
  );
  if (made?.RouteTableId === undefined)
    throw new CordonError("answer_incomplete", { what: "AWS made a route table and did not say its id" });
  return made.RouteTableId;
}

/** Deletes a table that no subnet uses. `missing`: AWS knows none of this id; `inUse`: it says that one does. */
export async function deleteRouteTable(ec2: Sender, id: string): Promise<"deleted" | "missing" | "inUse"> {
  try {
    await ec2.send(new DeleteRouteTableCommand({ RouteTableId: id }));
  } catch (error) {
    if (hasAwsCode(error, "DependencyViolation")) return "inUse";
    if (hasAwsCode(error, "InvalidRouteTableID.NotFound")) return "missing";
    throw error;
  }
  return "deleted";
}

/** Gives a subnet that follows the main table one of its own. `stale`: it has one already, or the table is not seen yet. */
export async function associateRouteTable(
  ec2: Sender,
  { subnetId, tableId }: { readonly subnetId: string; readonly tableId: string },
): Promise<"associated" | "stale"> {
  try {
    await ec2.send(new AssociateRouteTableCommand({ SubnetId: subnetId, RouteTableId: tableId }));
    return "associated";
  } catch (error) {
    if (hasAwsCode(error, "Resource.AlreadyAssociated", "InvalidRouteTableID.NotFound")) return "stale";
    throw error;
  }
}

/** Lets a subnet follow the main table again; well if it does. */
export async function disassociateRouteTable(ec2: Sender, associationId: string): Promise<void> {
  try {
    await ec2.send(new DisassociateRouteTableCommand({ AssociationId: associationId }));
  } catch (error) {
    if (!hasAwsCode(error, "InvalidAssociationID.NotFound")) throw error;
  }
}

/** Moves a subnet to another table. `stale`: the association is not the subnet's any more, or the other is not seen yet. */
export async function replaceRouteTableAssociation(
  ec2: Sender,
  { associationId, tableId }: { readonly associationId: string; readonly tableId: string },
): Promise<"replaced" | "stale"> {
  try {
    await ec2.send(new ReplaceRouteTableAssociationCommand({ AssociationId: associationId, RouteTableId: tableId }));
    return "replaced";
  } catch (error) {
    if (hasAwsCode(error, "InvalidAssociationID.NotFound", "InvalidRouteTableID.NotFound")) return "stale";
    throw error;
  }
}
