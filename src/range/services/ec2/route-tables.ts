/** Describes route tables. */
import type {
  DescribeRouteTablesRequest,
  DescribeRouteTablesResult,
  Route as SdkRoute,
  RouteTable as SdkRouteTable,
} from "@aws-sdk/client-ec2";
import type { Route, RouteTable } from "../../world/model.ts";
import { handler, optional, ownerOf, type Context } from "../handler.ts";
import { select, type Filters } from "./selection.ts";
import { fromTags } from "./tags.ts";

const routeTableFilters: Filters<RouteTable> = {
  "route-table-id": ({ id }) => id,
  "vpc-id": ({ vpcId }) => vpcId,
  "association.main": ({ associations }) => associations.map(({ subnetId }) => subnetId === null),
  "association.subnet-id": ({ associations }) => associations.map(({ subnetId }) => subnetId),
  "association.route-table-association-id": ({ associations }) => associations.map(({ id }) => id),
  "association.route-table-id": ({ id, associations }) => associations.map(() => id),
  "route.destination-cidr-block": ({ routes }) => routes.map(({ destination }) => destination),
  "route.gateway-id": ({ routes }) =>
    routes.map(({ target }) =>
      target.kind === "internet-gateway" || target.kind === "vpn-gateway" ? target.id : null,
    ),
  "route.nat-gateway-id": ({ routes }) =>
    routes.map(({ target }) => (target.kind === "nat-gateway" ? target.id : null)),
  "route.transit-gateway-id": ({ routes }) =>
    routes.map(({ target }) => (target.kind === "transit-gateway" ? target.id : null)),
  "route.vpc-peering-connection-id": ({ routes }) =>
    routes.map(({ target }) => (target.kind === "vpc-peering-connection" ? target.id : null)),
};

const describeRouteTables = handler((context, input: DescribeRouteTablesRequest): DescribeRouteTablesResult => {
  const { items, token } = select(context, input, {
    kind: "routeTable",
    table: context.region.routeTables,
    ids: input.RouteTableIds,
    filters: routeTableFilters,
  });
  return {
    RouteTables: items.map((table) => describeRouteTable(context, table)),
    NextToken: token,
  };
});

export function describeRouteTable(context: Context, table: RouteTable): SdkRouteTable {
  return {
    RouteTableId: table.id,
    VpcId: table.vpcId,
    OwnerId: ownerOf(context, table),
    Routes: table.routes.map((route) => describeRoute(context, route)),
    Associations: table.associations.map(({ id, subnetId }) => ({
      RouteTableAssociationId: id,
      RouteTableId: table.id,
      SubnetId: optional(subnetId),
      Main: subnetId === null,
      AssociationState: { State: "associated" },
    })),
    PropagatingVgws: [],
    Tags: fromTags(table.tags),
  };
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html: endpoints of services stand under GatewayId. */
function describeRoute({ region }: Context, { destination, target }: Route): SdkRoute {
  const where = destination.startsWith("pl-")
    ? { DestinationPrefixListId: destination }
    : destination.includes(":")
      ? { DestinationIpv6CidrBlock: destination }
      : { DestinationCidrBlock: destination };
  const rest = {
    ...where,
    State: target.kind === "blackhole" ? "blackhole" : "active",
    Origin: target.kind === "local" ? "CreateRouteTable" : "CreateRoute",
  } as const;
  switch (target.kind) {
    case "local":
      return { ...rest, GatewayId: "local" };
    case "internet-gateway":
    case "vpc-endpoint":
    case "vpn-gateway":
      return { ...rest, GatewayId: target.id };
    case "egress-only-internet-gateway":
      return { ...rest, EgressOnlyInternetGatewayId: target.id };
    case "nat-gateway":
      return { ...rest, NatGatewayId: target.id };
    case "vpc-peering-connection":
      return { ...rest, VpcPeeringConnectionId: target.id };
    case "transit-gateway":
      return { ...rest, TransitGatewayId: target.id };
    case "carrier-gateway":
      return { ...rest, CarrierGatewayId: target.id };
    case "core-network":
      return { ...rest, CoreNetworkArn: target.id };
    case "network-interface":
      return {
        ...rest,
        NetworkInterfaceId: target.id,
        InstanceId: region.interfaces.get(target.id)?.attachment?.instanceId,
      };
    case "blackhole":
      return {
        ...rest,
        ...goneTarget(target.id),
      };
  }
}

/** The member in which a target stood that is gone. */
function goneTarget(id: string): SdkRoute {
  if (id.startsWith("nat-")) return { NatGatewayId: id };
  if (id.startsWith("eni-")) return { NetworkInterfaceId: id };
  if (id.startsWith("pcx-")) return { VpcPeeringConnectionId: id };
  if (id.startsWith("tgw-")) return { TransitGatewayId: id };
  return { GatewayId: id };
}

export const routeTableHandlers = { DescribeRouteTables: describeRouteTables };
