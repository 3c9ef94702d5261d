/** Gateways, attachments and mirrors by which a VPC is joined to something else, close to what AWS describes. */

interface Joined {
  readonly id: string;
  tags: { key: string; value: string }[];
}

/** A hub between VPCs and other networks. It may belong to another account, which shares it. */
export interface TransitGateway extends Joined {
  readonly ownerId: string;
}

/**
 * One network that a transit gateway reaches.
 *
 * A VPC attachment has an interface in each of its subnets. What lies behind the other kinds is outside the range, and
 * known by its blocks only.
 */
export interface TransitGatewayAttachment extends Joined {
  readonly transitGatewayId: string;
  readonly transitGatewayOwnerId: string;
  readonly resourceType: "vpc" | "vpn" | "direct-connect-gateway" | "peering";
  /** The VPC, or whatever else is attached. */
  readonly resourceId: string;
  readonly resourceOwnerId: string;
  state: "pendingAcceptance" | "available" | "deleting" | "deleted";
  /** Of a VPC attachment. */
  subnetIds: string[];
  interfaceIds: string[];
  applianceModeSupport: "enable" | "disable";
  /** The blocks that the gateway's route table leads to this attachment: those of the VPC, or what was propagated. */
  cidrs: string[];
  readonly createdAt: number;
}

/** The AWS side of a VPN or Direct Connect connection to networks outside. */
export interface VpnGateway extends Joined {
  vpcId: string | null;
  state: "available" | "deleted";
  /** What lies on the other side. */
  cidrs: string[];
  readonly amazonSideAsn: number;
}

/** The way from subnets of a Wavelength Zone into the carrier's network and the internet. */
export interface CarrierGateway extends Joined {
  readonly vpcId: string;
  state: "available" | "deleted";
}

/** Copies what an interface sends and receives to somebody else. */
export interface TrafficMirrorSession extends Joined {
  readonly interfaceId: string;
  readonly targetId: string;
  readonly filterId: string;
  readonly sessionNumber: number;
  readonly virtualNetworkId: number;
  readonly description: string;
}

export interface TrafficMirrorTarget extends Joined {
  /** The interface that receives the copies, unless a load balancer does. */
  readonly interfaceId: string | null;
  readonly loadBalancerArn: string | null;
}

/** What a Region keeps of them. */
export interface GatewayState {
  readonly transitGateways: Map<string, TransitGateway>;
  readonly transitGatewayAttachments: Map<string, TransitGatewayAttachment>;
  readonly vpnGateways: Map<string, VpnGateway>;
  readonly carrierGateways: Map<string, CarrierGateway>;
  readonly trafficMirrorSessions: Map<string, TrafficMirrorSession>;
  readonly trafficMirrorTargets: Map<string, TrafficMirrorTarget>;
}

/** A Region without any of them. */
export function emptyGateways(): GatewayState {
  return {
    transitGateways: new Map(),
    transitGatewayAttachments: new Map(),
    vpnGateways: new Map(),
    carrierGateways: new Map(),
    trafficMirrorSessions: new Map(),
    trafficMirrorTargets: new Map(),
  };
}
