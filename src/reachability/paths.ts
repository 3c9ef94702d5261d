/** Says how packets get from an interface to a block of peers, and from them to it. */
import type { Cidr } from "./cidr.ts";
import { covers, parseCidr } from "./cidr.ts";
import type { Gateway, ReachInterface, RouteLine } from "./described.ts";
import { isIn } from "./peer-space.ts";

/** A way for packets between the interface and some peers, in at least one direction. */
export interface Path {
  /** `local`, the id of a gateway, or what is not known. */
  readonly via: string;
  /** AWS tracks flows through it whatever the rules say. */
  readonly isAutoTracked: boolean;
  /** Whether the network ACL of the interface's subnet decides what comes and goes by it. */
  readonly passesAcl: boolean;
}

/**
 * All paths to and from a block. The block lies whole in each block of routes, subnets and gateways, or outside of it.
 *
 * A route decides only what leaves the subnet. Peering connections, transit gateways, VPN, carrier and internet gateways
 * deliver what comes in without a route back, so each counts besides the routes.
 * https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html
 */
export function pathsTo(peers: Cidr, nic: ReachInterface): readonly Path[] {
  if (lacksFamily(peers.family, nic)) return [];
  const local = localPaths(peers, nic);
  const paths = [...local, ...routed(peers, nic, local.length > 0), ...delivered(peers, nic), ...forwarded(nic)];
  return [...new Map(paths.map((path) => [JSON.stringify(path), path])).values()];
}

/** Without an IPv6 block in its subnet, an interface has no IPv6 address and had none since the block was there. */
function lacksFamily(family: 4 | 6, { hasIpv6, subnetCidrs }: ReachInterface): boolean {
  return family === 6 && !hasIpv6 && subnetCidrs.length > 0 && !subnetCidrs.some((cidr) => cidr.includes(":"));
}

/** Peers of the VPC itself are reached whatever more specific routes say: those may change only what leaves. */
function localPaths(peers: Cidr, nic: ReachInterface): readonly Path[] {
  const inSubnet = isIn(peers, nic.subnetCidrs);
  const isLocal = inSubnet || isIn(peers, localBlocks(nic));
  if (!isLocal) return [];
  const passesAcl = !inSubnet && nic.subnetCidrs.length > 0;
  return [{ via: "local", isAutoTracked: isIn(peers, nic.autoTrackedPeers), passesAcl }];
}

function localBlocks({ routes, vpc }: ReachInterface): readonly string[] {
  return [
    ...(vpc?.cidrs ?? []),
    ...routes.filter(({ target }) => target === "local").map(({ destination }) => destination),
  ];
}

function routed(peers: Cidr, nic: ReachInterface, isLocal: boolean): readonly Path[] {
  const around = nic.routes.filter(({ destination }) => isIn(peers, [destination]));
  const longest = around.toSorted((left, right) => bitsOf(right) - bitsOf(left))[0];
  // Nobody reads the members of a prefix list: any of the peers may be one.
  const listed = nic.routes.filter(({ destination }) => parseCidr(destination) === null);
  const used = [...(longest === undefined ? [] : [longest]), ...(isLocal ? [] : listed)];
  return used
    .filter(({ isBlackhole, target }) => !isBlackhole && target !== "local")
    .map(({ target }) => ({
      via: target,
      isAutoTracked: isAutoTracked(target) || hasLoadBalancer(nic),
      passesAcl: passesAcl(nic, target),
    }));
}

function bitsOf({ destination }: RouteLine): number {
  return parseCidr(destination)?.bits ?? -1;
}

/** What reaches the interface without any route of its subnet. */
function delivered(peers: Cidr, nic: ReachInterface): readonly Path[] {
  const { vpc } = nic;
  if (isIn(peers, localBlocks(nic))) return [];
  const unknown = vpc === undefined || vpc === null ? ["gateways that were not read"] : vpc.unread;
  const gateways = (vpc?.gateways ?? []).filter((gateway) => leadsIn(gateway, peers, nic));
  return [
    ...gateways.map(({ id, kind, subnetIds }) => ({
      via: id,
      isAutoTracked: kind === "transit" || kind === "load-balancer" || hasLoadBalancer(nic),
      passesAcl: kind === "load-balancer" || (nic.subnetCidrs.length > 0 && !subnetIds.includes(nic.subnetId)),
    })),
    ...unknown.map((via) => ({ via, isAutoTracked: true, passesAcl: false })),
  ];
}

/** An internet gateway leads in only to a public address. */
function leadsIn({ kind, cidrs }: Gateway, peers: Cidr, { publicAddress, hasIpv6 }: ReachInterface): boolean {
  if (kind === "internet" && !(peers.family === 4 ? publicAddress !== null : hasIpv6)) return false;
  // Nobody on the internet has a private address.
  if ((kind === "internet" || kind === "carrier") && isPrivate(peers)) return false;
  return cidrs === null || isIn(peers, cidrs);
}

/** Without a source and destination check, a neighbour in the subnet may send as anybody, and be sent anything. */
function forwarded({ id, checksAddresses }: ReachInterface): readonly Path[] {
  if (checksAddresses === true) return [];
  const via = checksAddresses === undefined ? "gateways that were not read" : `${id}, which forwards for others,`;
  return [{ via, isAutoTracked: false, passesAcl: false }];
}

/** What a load balancer or accelerator hands on may have its client's address. */
function hasLoadBalancer({ vpc }: ReachInterface): boolean {
  return (vpc?.gateways ?? []).some(({ kind }) => kind === "load-balancer");
}

/**
 * AWS evaluates no network ACL between an instance and a transit gateway's interface in the same subnet.
 * https://docs.aws.amazon.com/vpc/latest/tgw/tgw-nacls.html
 */
function passesAcl({ vpc, subnetId, subnetCidrs }: ReachInterface, target: string): boolean {
  if (subnetCidrs.length === 0) return false;
  // An appliance, the endpoint of a firewall, or what a route that was not read leads to may stand in the subnet itself.
  if (!/^(igw|eigw|nat|pcx|vgw|cagw|lgw|tgw)-/.test(target)) return false;
  const gateways = (vpc?.gateways ?? []).filter(({ id }) => id === target);
  if (target.startsWith("tgw-") && gateways.length === 0) return false;
  return gateways.every(({ subnetIds }) => !subnetIds.includes(subnetId));
}

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html#automatic-tracking */
function isAutoTracked(target: string): boolean {
  return !/^(igw|pcx|vgw|cagw|lgw|eni|i)-/.test(target);
}

/** https://www.rfc-editor.org/rfc/rfc1918 and https://www.rfc-editor.org/rfc/rfc4193 */
export const privateBlocks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];

export function isPrivate(peers: Cidr): boolean {
  return isIn(peers, privateBlocks);
}

/** Whether a named address lies in the block. */
export function holds(peers: Cidr, address: string): boolean {
  const one = parseCidr(address);
  return one !== null && covers(peers, one);
}
