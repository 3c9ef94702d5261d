import {
  AssociateRouteTableCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  DeleteRouteCommand,
  DeleteRouteTableCommand,
  DescribeRouteTablesCommand,
  DisassociateRouteTableCommand,
  ReplaceRouteTableAssociationCommand,
} from "@aws-sdk/client-ec2";
import { expect, it } from "vitest";
import { createInternetGateway } from "../../world/build-network.ts";
import { StorageLab } from "./storage-lab.ts";

it("makes one table for one client token, with local routes only", async () => {
  const { clock, ec2, instance } = new StorageLab();
  await clock.run(async () => {
    const create = () => ec2.send(new CreateRouteTableCommand({ VpcId: instance.vpcId, ClientToken: "once" }));
    const [first, second] = [await create(), await create()];
    expect(second.RouteTable?.RouteTableId).toBe(first.RouteTable?.RouteTableId);
    expect(first.RouteTable?.Routes).toEqual([
      { DestinationCidrBlock: "10.0.0.0/16", GatewayId: "local", State: "active", Origin: "CreateRouteTable" },
    ]);
    expect((await ec2.send(new DescribeRouteTablesCommand({}))).RouteTables).toHaveLength(2);
  });
});

it("moves a subnet under new association ids, and back to the main table", async () => {
  const { clock, ec2, instance } = new StorageLab();
  const { vpcId: VpcId, subnetId: SubnetId } = instance;
  await clock.run(async () => {
    const make = async () => (await ec2.send(new CreateRouteTableCommand({ VpcId }))).RouteTable?.RouteTableId ?? "";
    const [one, two] = [await make(), await make()];
    const { AssociationId } = await ec2.send(new AssociateRouteTableCommand({ RouteTableId: one, SubnetId }));
    const again = new AssociateRouteTableCommand({ RouteTableId: two, SubnetId });
    await expect(ec2.send(again)).rejects.toMatchObject({ name: "Resource.AlreadyAssociated" });
    const { NewAssociationId } = await ec2.send(
      new ReplaceRouteTableAssociationCommand({ RouteTableId: two, AssociationId }),
    );
    expect(NewAssociationId).not.toBe(AssociationId);
    const inUse = new DeleteRouteTableCommand({ RouteTableId: two });
    await expect(ec2.send(inUse)).rejects.toMatchObject({ name: "DependencyViolation" });
    const stale = new DisassociateRouteTableCommand({ AssociationId });
    await expect(ec2.send(stale)).rejects.toMatchObject({ name: "InvalidAssociationID.NotFound" });
    await ec2.send(new DisassociateRouteTableCommand({ AssociationId: NewAssociationId }));
    await ec2.send(new DeleteRouteTableCommand({ RouteTableId: two }));
  });
});

it("keeps the main table and the local route", async () => {
  const { clock, ec2, place } = new StorageLab();
  const [main] = place.region.routeTables.values();
  const RouteTableId = main!.id;
  await clock.run(async () => {
    const calls = [
      new DisassociateRouteTableCommand({ AssociationId: main!.associations[0]!.id }),
      new DeleteRouteCommand({ RouteTableId, DestinationCidrBlock: "10.0.0.0/16" }),
    ];
    for (const call of calls)
      await expect(ec2.send(call as DeleteRouteCommand)).rejects.toMatchObject({ name: "InvalidParameterValue" });
    const removal = new DeleteRouteTableCommand({ RouteTableId });
    await expect(ec2.send(removal)).rejects.toMatchObject({ name: "DependencyViolation" });
  });
});

it("holds one route for a destination", async () => {
  const { clock, ec2, place, instance } = new StorageLab();
  const gateway = createInternetGateway(place, { vpcId: instance.vpcId });
  const [main] = place.region.routeTables.values();
  const route = { RouteTableId: main!.id, DestinationIpv6CidrBlock: "::/0" };
  await clock.run(async () => {
    await ec2.send(new CreateRouteCommand({ ...route, GatewayId: gateway.id }));
    const second = new CreateRouteCommand({ ...route, GatewayId: gateway.id });
    await expect(ec2.send(second)).rejects.toMatchObject({ name: "RouteAlreadyExists" });
    await ec2.send(new DeleteRouteCommand(route));
    await expect(ec2.send(new DeleteRouteCommand(route))).rejects.toMatchObject({ name: "InvalidRoute.NotFound" });
  });
});
