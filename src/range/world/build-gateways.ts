/** Builds what joins a VPC to other networks: peerings, transit gateways, VPN and carrier gateways, traffic mirrors. */
import { createInterface } from "./build-interfaces.ts";
import { createVpcEndpoint, type VpcEndpoint } from "./endpoints.ts";
import type {
  CarrierGateway,
  TrafficMirrorSession,
  TrafficMirrorTarget,
  TransitGateway,
  TransitGatewayAttachment,
  VpnGateway,
} from "./gateway-model.ts";
import type { PeeredVpc, Vpc, VpcPeering } from "./model.ts";
import type { Place } from "./world.ts";

/** A peering connection between two VPCs, each in its own place. It is listed in both. Routes are the caller's to make. */
export function createPeering(
  requester: { readonly place: Place; readonly vpc: Vpc },
  accepter: { readonly place: Place; readonly vpc: Vpc },
  status: VpcPeering["status"] = "active",
): VpcPeering {
  const { world, region } = requester.place;
  const peering: VpcPeering = {
    id: world.newId("pcx"),
    tags: [],
    status,
    requester: sideOf(requester.place, requester.vpc),
    accepter: sideOf(accepter.place, accepter.vpc),
  };
  if (accepter.place.region !== region) world.add(accepter.place.region.vpcPeerings, peering);
  return world.add(region.vpcPeerings, peering);
}

function sideOf({ account, region }: Place, vpc: Vpc): PeeredVpc {
  return {
    vpcId: vpc.id,
    ownerId: account.id,
    region: region.name,
    cidrs: [vpc.cidr, ...vpc.secondaryCidrs],
    ipv6Cidrs: vpc.ipv6Cidr === null ? [] : [vpc.ipv6Cidr],
  };
}

export function createTransitGateway(
  { world, region, account }: Place,
  options: { readonly ownerId?: string } = {},
): TransitGateway {
  return world.add<TransitGateway>(region.transitGateways, {
    id: world.newId("tgw"),
    tags: [],
    ownerId: options.ownerId ?? account.id,
  });
}

/**
 * Attaches a VPC to a transit gateway, with an interface in each of the subnets. The gateway learns the VPC's blocks, and
 * `cidrs` beside them: a default route to a VPC with an internet gateway is `["0.0.0.0/0"]`.
 */
export function attachVpc(
  place: Place,
  gateway: TransitGateway,
  options: {
    readonly vpc: Vpc;
    readonly subnetIds: readonly string[];
    readonly cidrs?: readonly string[];
    readonly applianceMode?: boolean;
  },
): TransitGatewayAttachment {
  const { world, region, account } = place;
  const { vpc, subnetIds, cidrs = [] } = options;
  const id = world.newId("tgw-attach");
  const interfaces = subnetIds.map((subnetId) =>
    createInterface(place, {
      subnetId,
      groupIds: [],
      interfaceType: "transit_gateway",
      description: `Network Interface for Transit Gateway Attachment ${id}`,
      requesterId: "amazon-aws",
    }),
  );
  return world.add<TransitGatewayAttachment>(region.transitGatewayAttachments, {
    id,
    tags: [],
    transitGatewayId: gateway.id,
    transitGatewayOwnerId: gateway.ownerId,
    resourceType: "vpc",
    resourceId: vpc.id,
    resourceOwnerId: account.id,
    state: "available",
    subnetIds: [...subnetIds],
    interfaceIds: interfaces.map((each) => each.id),
    applianceModeSupport: options.applianceMode === true ? "enable" : "disable",
    cidrs: [vpc.cidr, ...vpc.secondaryCidrs, ...(vpc.ipv6Cidr === null ? [] : [vpc.ipv6Cidr]), ...cidrs],
    createdAt: world.now(),
  });
}

/** Attaches a network outside the range to a transit gateway: a VPN, Direct Connect, or a gateway of another Region. */
export function attachNetwork(
  { world, region, account }: Place,
  gateway: TransitGateway,
  options: {
    readonly resourceType: Exclude<TransitGatewayAttachment["resourceType"], "vpc">;
    readonly resourceId: string;
    readonly cidrs: readonly string[];
  },
): TransitGatewayAttachment {
  return world.add<TransitGatewayAttachment>(region.transitGatewayAttachments, {
    id: world.newId("tgw-attach"),
    tags: [],
    transitGatewayId: gateway.id,
    transitGatewayOwnerId: gateway.ownerId,
    resourceType: options.resourceType,
    resourceId: options.resourceId,
    resourceOwnerId: account.id,
    state: "available",
    subnetIds: [],
    interfaceIds: [],
    applianceModeSupport: "disable",
    cidrs: [...options.cidrs],
    createdAt: world.now(),
  });
}

export function createVpnGateway(
  { world, region }: Place,
  options: { readonly vpcId: string; readonly cidrs: readonly string[] },
): VpnGateway {
  return world.add<VpnGateway>(region.vpnGateways, {
    id: world.newId("vgw"),
    tags: [],
    vpcId: options.vpcId,
    state: "available",
    cidrs: [...options.cidrs],
    amazonSideAsn: 64_512,
  });
}

export function createCarrierGateway({ world, region }: Place, options: { readonly vpcId: string }): CarrierGateway {
  return world.add<CarrierGateway>(region.carrierGateways, {
    id: world.newId("cagw"),
    tags: [],
    vpcId: options.vpcId,
    state: "available",
  });
}

/** A Gateway Load Balancer's endpoint in a subnet. What it takes goes on by the routes of that subnet. */
export function createInspectionEndpoint(
  place: Place,
  options: { readonly vpcId: string; readonly subnetId: string },
): VpcEndpoint {
  const { vpcId, subnetId } = options;
  const door = createInterface(place, {
    subnetId,
    groupIds: [],
    interfaceType: "gateway_load_balancer_endpoint",
    requesterId: "amazon-aws",
  });
  return createVpcEndpoint(place, {
    vpcId,
    serviceName: `com.amazonaws.vpce.${place.region.name}.vpce-svc-0123456789abcdef0`,
    kind: "GatewayLoadBalancer",
    subnetIds: [subnetId],
    interfaceIds: [door.id],
  });
}

/** Mirrors an interface to another one. */
export function createTrafficMirror(
  { world, region }: Place,
  options: { readonly interfaceId: string; readonly targetInterfaceId: string },
): TrafficMirrorSession {
  const target = world.add<TrafficMirrorTarget>(region.trafficMirrorTargets, {
    id: world.newId("tmt"),
    tags: [],
    interfaceId: options.targetInterfaceId,
    loadBalancerArn: null,
  });
  return world.add<TrafficMirrorSession>(region.trafficMirrorSessions, {
    id: world.newId("tms"),
    tags: [],
    interfaceId: options.interfaceId,
    targetId: target.id,
    filterId: world.newId("tmf"),
    sessionNumber: 1,
    virtualNetworkId: 4242,
    description: "",
  });
}
