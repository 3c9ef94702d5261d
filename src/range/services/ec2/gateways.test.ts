import * as sdk from "@aws-sdk/client-ec2";
import { describe, expect, it } from "vitest";
import {
  attachNetwork,
  attachVpc,
  createCarrierGateway,
  createPeering,
  createTrafficMirror,
  createTransitGateway,
  createVpnGateway,
} from "../../world/build-gateways.ts";
import { attachInterface, createInterface } from "../../world/build-interfaces.ts";
import {
  createInternetGateway,
  createNetworkAcl,
  createRouteTable,
  createSecurityGroup,
  createSubnet,
  createVpc,
  putRoute,
} from "../../world/build-network.ts";
import { createVpcEndpoint } from "../../world/endpoints.ts";
import type { RouteTarget } from "../../world/model.ts";
import { StorageLab } from "./storage-lab.ts";

const OTHER = "999988887777";

describe("gateways and attachments", () => {
  it("describes attachments of transit gateways, those of VPCs with their subnets", async () => {
    const lab = new StorageLab();
    const { place, instance } = lab;
    const vpc = place.region.vpcs.get(instance.vpcId)!;
    const gateway = createTransitGateway(place, { ownerId: OTHER });
    const ours = attachVpc(place, gateway, { vpc, subnetIds: [instance.subnetId], applianceMode: true });
    const vpn = attachNetwork(place, gateway, {
      resourceType: "vpn",
      resourceId: "vpn-0123456789abcdef0",
      cidrs: ["192.168.0.0/16"],
    });
    await lab.clock.run(async () => {
      const { TransitGatewayVpcAttachments } = await lab.ec2.send(
        new sdk.DescribeTransitGatewayVpcAttachmentsCommand({ Filters: [{ Name: "vpc-id", Values: [vpc.id] }] }),
      );
      expect(TransitGatewayVpcAttachments).toMatchObject([
        {
          TransitGatewayAttachmentId: ours.id,
          TransitGatewayId: gateway.id,
          VpcId: vpc.id,
          VpcOwnerId: "111122223333",
          State: "available",
          SubnetIds: [instance.subnetId],
          Options: { ApplianceModeSupport: "enable", Ipv6Support: "disable" },
        },
      ]);
      const { TransitGatewayAttachments } = await lab.ec2.send(new sdk.DescribeTransitGatewayAttachmentsCommand({}));
      expect(
        TransitGatewayAttachments?.map(({ TransitGatewayAttachmentId, ResourceType, TransitGatewayOwnerId }) => [
          TransitGatewayAttachmentId,
          ResourceType,
          TransitGatewayOwnerId,
        ]),
      ).toEqual([
        [ours.id, "vpc", OTHER],
        [vpn.id, "vpn", OTHER],
      ]);
      const { NetworkInterfaces } = await lab.ec2.send(
        new sdk.DescribeNetworkInterfacesCommand({
          Filters: [{ Name: "interface-type", Values: ["transit_gateway"] }],
        }),
      );
      expect(NetworkInterfaces?.map(({ SubnetId }) => SubnetId)).toEqual([instance.subnetId]);
      const missing = new sdk.DescribeTransitGatewayAttachmentsCommand({
        TransitGatewayAttachmentIds: ["tgw-attach-00000000000000001"],
      });
      await expect(lab.ec2.send(missing)).rejects.toMatchObject({ name: "InvalidTransitGatewayAttachmentID.NotFound" });
    });
  });

  it("describes egress-only, VPN and carrier gateways, and keeps internet gateways apart from the first", async () => {
    const lab = new StorageLab();
    const { vpcId } = lab.instance;
    const [open, egress] = [false, true].map((egressOnly) => createInternetGateway(lab.place, { vpcId, egressOnly }));
    const vpn = createVpnGateway(lab.place, { vpcId, cidrs: ["192.168.0.0/16"] });
    const carrier = createCarrierGateway(lab.place, { vpcId });
    await lab.clock.run(async () => {
      const { EgressOnlyInternetGateways } = await lab.ec2.send(new sdk.DescribeEgressOnlyInternetGatewaysCommand({}));
      expect(EgressOnlyInternetGateways).toMatchObject([
        { EgressOnlyInternetGatewayId: egress!.id, Attachments: [{ VpcId: vpcId, State: "attached" }] },
      ]);
      const { InternetGateways } = await lab.ec2.send(new sdk.DescribeInternetGatewaysCommand({}));
      expect(InternetGateways?.map(({ InternetGatewayId }) => InternetGatewayId)).toEqual([open!.id]);
      const byVpc = { Filters: [{ Name: "attachment.vpc-id", Values: [vpcId] }] };
      expect((await lab.ec2.send(new sdk.DescribeVpnGatewaysCommand(byVpc))).VpnGateways).toMatchObject([
        { VpnGatewayId: vpn.id, State: "available", Type: "ipsec.1", VpcAttachments: [{ VpcId: vpcId }] },
      ]);
      expect((await lab.ec2.send(new sdk.DescribeCarrierGatewaysCommand({}))).CarrierGateways).toMatchObject([
        { CarrierGatewayId: carrier.id, VpcId: vpcId, State: "available", OwnerId: "111122223333" },
      ]);
      const missing = new sdk.DescribeVpnGatewaysCommand({ VpnGatewayIds: ["vgw-00000000000000001"] });
      await expect(lab.ec2.send(missing)).rejects.toMatchObject({ name: "InvalidVpnGatewayID.NotFound" });
    });
  });

  it("names the target of a route in the member that AWS has for its kind", async () => {
    const lab = new StorageLab();
    const { vpcId } = lab.instance;
    const table = createRouteTable(lab.place, { vpcId });
    const targets: readonly (readonly [string, RouteTarget, sdk.Route])[] = [
      ["10.1.0.0/16", { kind: "vpc-peering-connection", id: "pcx-01" }, { VpcPeeringConnectionId: "pcx-01" }],
      ["10.2.0.0/16", { kind: "transit-gateway", id: "tgw-01" }, { TransitGatewayId: "tgw-01" }],
      ["10.3.0.0/16", { kind: "vpn-gateway", id: "vgw-01" }, { GatewayId: "vgw-01" }],
      ["10.4.0.0/16", { kind: "carrier-gateway", id: "cagw-01" }, { CarrierGatewayId: "cagw-01" }],
      ["10.5.0.0/16", { kind: "core-network", id: "arn:core" }, { CoreNetworkArn: "arn:core" }],
    ];
    for (const [destination, target] of targets) putRoute(lab.place, table, destination, target);
    await lab.clock.run(async () => {
      const { RouteTables } = await lab.ec2.send(new sdk.DescribeRouteTablesCommand({ RouteTableIds: [table.id] }));
      for (const [DestinationCidrBlock, , members] of targets)
        expect(RouteTables?.[0]?.Routes).toContainEqual({
          DestinationCidrBlock,
          State: "active",
          Origin: "CreateRoute",
          ...members,
        });
    });
  });

  it("creates routes through what joins the VPC to others, and refuses one that is not there", async () => {
    const lab = new StorageLab();
    const { place } = lab;
    const vpc = place.region.vpcs.get(lab.instance.vpcId)!;
    const peering = createPeering({ place, vpc }, { place, vpc: createVpc(place, { cidr: "10.9.0.0/16" }) });
    const gateway = createTransitGateway(place);
    const table = createRouteTable(place, { vpcId: vpc.id });
    await lab.clock.run(async () => {
      const route = { RouteTableId: table.id };
      const [toPeer, toHub] = ["10.9.0.0/16", "10.8.0.0/16"];
      await lab.ec2.send(
        new sdk.CreateRouteCommand({
          ...route,
          DestinationCidrBlock: toPeer,
          VpcPeeringConnectionId: peering.id,
        }),
      );
      await lab.ec2.send(
        new sdk.CreateRouteCommand({ ...route, DestinationCidrBlock: toHub, TransitGatewayId: gateway.id }),
      );
      expect(table.routes.slice(1)).toEqual([
        { destination: toPeer, target: { kind: "vpc-peering-connection", id: peering.id } },
        { destination: toHub, target: { kind: "transit-gateway", id: gateway.id } },
      ]);
      const missing = new sdk.CreateRouteCommand({
        ...route,
        DestinationCidrBlock: "10.7.0.0/16",
        TransitGatewayId: "tgw-00000000000000001",
      });
      await expect(lab.ec2.send(missing)).rejects.toMatchObject({ name: "InvalidTransitGatewayID.NotFound" });
    });
  });

  it("describes traffic mirrors by the interface that is mirrored", async () => {
    const lab = new StorageLab();
    const [mirrored] = [...lab.place.region.interfaces.keys()];
    const session = createTrafficMirror(lab.place, { interfaceId: mirrored!, targetInterfaceId: "eni-01" });
    await lab.clock.run(async () => {
      const of = (id: string) =>
        lab.ec2.send(
          new sdk.DescribeTrafficMirrorSessionsCommand({ Filters: [{ Name: "network-interface-id", Values: [id] }] }),
        );
      expect((await of(mirrored!)).TrafficMirrorSessions).toMatchObject([
        { TrafficMirrorSessionId: session.id, NetworkInterfaceId: mirrored, TrafficMirrorTargetId: session.targetId },
      ]);
      expect((await of("eni-01")).TrafficMirrorSessions).toEqual([]);
      expect(
        (
          await lab.ec2.send(
            new sdk.DescribeTrafficMirrorTargetsCommand({ TrafficMirrorTargetIds: [session.targetId] }),
          )
        ).TrafficMirrorTargets,
      ).toMatchObject([{ NetworkInterfaceId: "eni-01", Type: "network-interface" }]);
    });
  });

  it("describes endpoints of Gateway Load Balancers", async () => {
    const lab = new StorageLab();
    createVpcEndpoint(lab.place, {
      vpcId: lab.instance.vpcId,
      serviceName: "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0",
      kind: "GatewayLoadBalancer",
    });
    await lab.clock.run(async () => {
      expect((await lab.ec2.send(new sdk.DescribeVpcEndpointsCommand({}))).VpcEndpoints).toMatchObject([
        { VpcEndpointType: "GatewayLoadBalancer" },
      ]);
    });
  });
});

describe("what another account owns", () => {
  it("is described with its owner: VPC, subnet, network ACL, route table, group", async () => {
    const lab = new StorageLab();
    const { place } = lab;
    const vpc = createVpc(place, { cidr: "10.50.0.0/16" });
    const made = [
      vpc,
      createSubnet(place, { vpcId: vpc.id, cidr: "10.50.1.0/24" }),
      createNetworkAcl(place, { vpcId: vpc.id }),
      createRouteTable(place, { vpcId: vpc.id }),
      createSecurityGroup(place, { vpcId: vpc.id, name: "shared", description: "shared" }),
    ];
    for (const resource of made) Object.assign(resource, { ownerId: OTHER });
    const [, subnet, acl, table, group] = made;
    await lab.clock.run(async () => {
      const owners = [
        (await lab.ec2.send(new sdk.DescribeVpcsCommand({ VpcIds: [vpc.id] }))).Vpcs,
        (await lab.ec2.send(new sdk.DescribeSubnetsCommand({ SubnetIds: [subnet!.id] }))).Subnets,
        (await lab.ec2.send(new sdk.DescribeNetworkAclsCommand({ NetworkAclIds: [acl!.id] }))).NetworkAcls,
        (await lab.ec2.send(new sdk.DescribeRouteTablesCommand({ RouteTableIds: [table!.id] }))).RouteTables,
        (await lab.ec2.send(new sdk.DescribeSecurityGroupsCommand({ GroupIds: [group!.id] }))).SecurityGroups,
      ].map((described) => described?.[0]?.OwnerId);
      expect(owners).toEqual([OTHER, OTHER, OTHER, OTHER, OTHER]);
      const { Vpcs } = await lab.ec2.send(new sdk.DescribeVpcsCommand({ VpcIds: [lab.instance.vpcId] }));
      expect(Vpcs?.[0]?.OwnerId).toBe("111122223333");
    });
  });

  it("shows an interface of theirs with the instance that it is attached to, and in no list of interfaces", async () => {
    const lab = new StorageLab();
    const { place, instance } = lab;
    const theirs = createInterface(place, { subnetId: instance.subnetId, groupIds: [] });
    Object.assign(theirs, { ownerId: OTHER });
    attachInterface(place, theirs, instance, { deviceIndex: 1 });
    await lab.clock.run(async () => {
      const { Reservations } = await lab.ec2.send(new sdk.DescribeInstancesCommand({}));
      expect(Reservations?.[0]?.Instances?.[0]?.NetworkInterfaces?.map(({ OwnerId }) => OwnerId)).toEqual([
        "111122223333",
        OTHER,
      ]);
      const { NetworkInterfaces } = await lab.ec2.send(new sdk.DescribeNetworkInterfacesCommand({}));
      expect(NetworkInterfaces?.map(({ NetworkInterfaceId }) => NetworkInterfaceId)).not.toContain(theirs.id);
      expect(NetworkInterfaces).toHaveLength(1);
    });
  });

  it("describes the further VPCs of a group, delegated blocks and carrier addresses", async () => {
    const lab = new StorageLab();
    const { place } = lab;
    const [group] = [...place.region.securityGroups.values()];
    const [primary] = [...place.region.interfaces.values()];
    const further = createVpc(place, { cidr: "10.60.0.0/16" });
    group!.associatedVpcIds.push(further.id);
    primary!.delegatedPrefixes = ["10.0.1.64/28", "2001:db8:1:1:8000::/80"];
    primary!.publicAddress = {
      ip: "155.146.0.9",
      allocationId: null,
      associationId: null,
      privateIp: primary!.privateIps[0]!,
      isCarrier: true,
    };
    await lab.clock.run(async () => {
      const { SecurityGroupVpcAssociations } = await lab.ec2.send(
        new sdk.DescribeSecurityGroupVpcAssociationsCommand({
          Filters: [{ Name: "group-id", Values: [group!.id] }],
        }),
      );
      expect(SecurityGroupVpcAssociations).toMatchObject([
        { GroupId: group!.id, VpcId: further.id, State: "associated", GroupOwnerId: "111122223333" },
      ]);
      const { NetworkInterfaces } = await lab.ec2.send(
        new sdk.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [primary!.id] }),
      );
      expect(NetworkInterfaces).toMatchObject([
        {
          Ipv4Prefixes: [{ Ipv4Prefix: "10.0.1.64/28" }],
          Ipv6Prefixes: [{ Ipv6Prefix: "2001:db8:1:1:8000::/80" }],
          Association: { CarrierIp: "155.146.0.9" },
        },
      ]);
      expect(NetworkInterfaces?.[0]?.Association?.PublicIp).toBeUndefined();
    });
  });
});
