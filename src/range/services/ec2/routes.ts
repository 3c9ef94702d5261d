import type {
  AssociateRouteTableRequest,
  AssociateRouteTableResult,
  CreateRouteRequest,
  CreateRouteResult,
  CreateRouteTableRequest,
  CreateRouteTableResult,
  DeleteRouteRequest,
  DeleteRouteTableRequest,
  DisassociateRouteTableRequest,
  ReplaceRouteTableAssociationRequest,
  ReplaceRouteTableAssociationResult,
} from "@aws-sdk/client-ec2";
import { createRouteTable, putRoute } from "../../world/build-network.ts";
import type { RouteTable, RouteTableAssociation, RouteTarget } from "../../world/model.ts";
import { handler, type Context } from "../handler.ts";
import { onceFor } from "./client-tokens.ts";
import { ec2Error, existing, missingParameter, notFound } from "./errors.ts";
import { describeRouteTable } from "./route-tables.ts";
import { canonicalCidr } from "./permissions.ts";
import { specifiedTags } from "./tags.ts";

const create = handler((context, input: CreateRouteTableRequest): CreateRouteTableResult => {
  const vpc = existing(context.world, context.region.vpcs, { kind: "vpc", id: input.VpcId });
  const tags = specifiedTags(input.TagSpecifications, "route-table");
  const id = onceFor(context, input.ClientToken, () => createRouteTable(context, { vpcId: vpc.id, tags }).id);
  const table = context.region.routeTables.get(id);
  if (!table) throw notFound("routeTable", id);
  return { RouteTable: describeRouteTable(context, table), ClientToken: input.ClientToken };
});

/** Neither the main table nor one in use: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteRouteTable.html */
const remove = handler((context, input: DeleteRouteTableRequest) => {
  const table = existing(context.world, context.region.routeTables, { kind: "routeTable", id: input.RouteTableId });
  if (table.associations.length > 0)
    throw ec2Error("DependencyViolation", `The routeTable '${table.id}' has dependencies and cannot be deleted.`);
  context.world.remove(context.region.routeTables, table.id);
  return {};
});

/** A subnet is associated with one table at most: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateRouteTable.html */
const associate = handler((context, input: AssociateRouteTableRequest): AssociateRouteTableResult => {
  const { world, region } = context;
  const table = existing(world, region.routeTables, { kind: "routeTable", id: input.RouteTableId });
  const subnet = existing(world, region.subnets, { kind: "subnet", id: input.SubnetId });
  demandSameVpc(table, subnet);
  const present = [...region.routeTables.values()]
    .flatMap((each) => each.associations.map((association) => ({ ...association, tableId: each.id })))
    .find(({ subnetId }) => subnetId === subnet.id);
  if (present?.tableId === table.id) return { AssociationId: present.id, AssociationState: { State: "associated" } };
  if (present)
    throw ec2Error(
      "Resource.AlreadyAssociated",
      `the specified association for route table ${table.id} conflicts with an existing association`,
    );
  return { AssociationId: addAssociation(context, table, subnet.id), AssociationState: { State: "associated" } };
});

/** The subnet falls back to the main table: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DisassociateRouteTable.html */
const disassociate = handler((context, input: DisassociateRouteTableRequest) => {
  const { table, association } = associated(context, input.AssociationId);
  if (association.subnetId === null)
    throw ec2Error("InvalidParameterValue", `cannot disassociate the main route table association ${association.id}`);
  dropAssociation(context, table, association);
  return {};
});

/** The association gets a new id: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceRouteTableAssociation.html */
const replace = handler((context, input: ReplaceRouteTableAssociationRequest): ReplaceRouteTableAssociationResult => {
  const { world, region } = context;
  const next = existing(world, region.routeTables, { kind: "routeTable", id: input.RouteTableId });
  const { table, association } = associated(context, input.AssociationId);
  demandSameVpc(next, table);
  dropAssociation(context, table, association);
  return {
    NewAssociationId: addAssociation(context, next, association.subnetId),
    AssociationState: { State: "associated" },
  };
});

function demandSameVpc(table: RouteTable, other: { readonly id: string; readonly vpcId: string }): void {
  if (table.vpcId !== other.vpcId)
    throw ec2Error("InvalidParameterValue", `Route table ${table.id} and ${other.id} belong to different networks`);
}

function associated(
  { region }: Context,
  id: string | undefined,
): { readonly table: RouteTable; readonly association: RouteTableAssociation } {
  if (id === undefined) throw missingParameter("associationId");
  for (const table of region.routeTables.values()) {
    const association = table.associations.find((each) => each.id === id);
    if (association) return { table, association };
  }
  throw ec2Error("InvalidAssociationID.NotFound", `The association ID '${id}' does not exist`);
}

function dropAssociation({ world }: Context, table: RouteTable, { id }: RouteTableAssociation): void {
  world.change(table, () => (table.associations = table.associations.filter((each) => each.id !== id)));
}

function addAssociation({ world }: Context, table: RouteTable, subnetId: string | null): string {
  const id = world.newId("rtbassoc");
  world.change(table, () => table.associations.push({ id, subnetId }));
  return id;
}

/** Errors: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html */
const createRoute = handler((context, input: CreateRouteRequest): CreateRouteResult => {
  const table = existing(context.world, context.region.routeTables, { kind: "routeTable", id: input.RouteTableId });
  const destination = destinationOf(input);
  if (table.routes.some((route) => route.destination === destination))
    throw ec2Error("RouteAlreadyExists", `The route identified by ${destination} already exists.`);
  putRoute(context, table, destination, targetOf(context, input));
  return { Return: true };
});

const deleteRoute = handler((context, input: DeleteRouteRequest) => {
  const table = existing(context.world, context.region.routeTables, { kind: "routeTable", id: input.RouteTableId });
  const destination = destinationOf(input);
  const route = table.routes.find((each) => each.destination === destination);
  if (!route)
    throw ec2Error(
      "InvalidRoute.NotFound",
      `no route with destination-cidr-block ${destination} in route table ${table.id}`,
    );
  if (route.target.kind === "local")
    throw ec2Error("InvalidParameterValue", `cannot remove local route ${destination} in route table ${table.id}`);
  context.world.change(table, () => (table.routes = table.routes.filter((each) => each !== route)));
  return {};
});

function destinationOf(input: CreateRouteRequest | DeleteRouteRequest): string {
  const { DestinationCidrBlock: v4, DestinationIpv6CidrBlock: v6, DestinationPrefixListId: list } = input;
  if ([v4, v6, list].filter((each) => each !== undefined).length !== 1)
    throw ec2Error("MissingParameter", "Exactly one destination must be specified.");
  return v4 === undefined ? (v6 === undefined ? (list ?? "") : canonicalCidr(v6, 6)) : canonicalCidr(v4, 4);
}

function targetOf({ world, region }: Context, input: CreateRouteRequest): RouteTarget {
  const { GatewayId, NatGatewayId, NetworkInterfaceId, EgressOnlyInternetGatewayId } = input;
  const joined = joinedTargetOf({ world, region }, input);
  if (joined) return joined;
  if (GatewayId !== undefined) {
    const gateway = existing(world, region.internetGateways, { kind: "internetGateway", id: GatewayId });
    return { kind: "internet-gateway", id: gateway.id };
  }
  if (NatGatewayId !== undefined)
    return {
      kind: "nat-gateway",
      id: existing(world, region.natGateways, { kind: "natGateway", id: NatGatewayId }).id,
    };
  if (NetworkInterfaceId !== undefined)
    return {
      kind: "network-interface",
      id: existing(world, region.interfaces, { kind: "interface", id: NetworkInterfaceId }).id,
    };
  if (EgressOnlyInternetGatewayId !== undefined)
    return { kind: "egress-only-internet-gateway", id: EgressOnlyInternetGatewayId };
  throw missingParameter("gatewayId");
}

/** A target that joins the VPC to another network, where the call names one. */
function joinedTargetOf(
  { world, region }: Pick<Context, "world" | "region">,
  { GatewayId, TransitGatewayId, VpcPeeringConnectionId, CarrierGatewayId }: CreateRouteRequest,
): RouteTarget | null {
  if (GatewayId?.startsWith("vgw-") === true)
    return { kind: "vpn-gateway", id: existing(world, region.vpnGateways, { kind: "vpnGateway", id: GatewayId }).id };
  if (TransitGatewayId !== undefined) {
    const gateway = existing(world, region.transitGateways, { kind: "transitGateway", id: TransitGatewayId });
    return { kind: "transit-gateway", id: gateway.id };
  }
  if (VpcPeeringConnectionId !== undefined) {
    const peering = existing(world, region.vpcPeerings, { kind: "vpcPeering", id: VpcPeeringConnectionId });
    return { kind: "vpc-peering-connection", id: peering.id };
  }
  if (CarrierGatewayId !== undefined) {
    const gateway = existing(world, region.carrierGateways, { kind: "carrierGateway", id: CarrierGatewayId });
    return { kind: "carrier-gateway", id: gateway.id };
  }
  return null;
}

export const routeHandlers = {
  CreateRouteTable: create,
  DeleteRouteTable: remove,
  AssociateRouteTable: associate,
  DisassociateRouteTable: disassociate,
  ReplaceRouteTableAssociation: replace,
  CreateRoute: createRoute,
  DeleteRoute: deleteRoute,
};
