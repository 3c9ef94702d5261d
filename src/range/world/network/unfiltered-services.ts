import { addressAt } from "../addresses.ts";
import type { Instance, Subnet, Vpc } from "../model.ts";
import type { Packet, PacketView } from "./packet.ts";

/** What neither security groups nor network ACLs filter. */
export type UnfilteredService =
  "resolver" | "metadata" | "time" | "windows-activation" | "task-metadata" | "dhcp" | "router";

const FIXED: ReadonlyMap<string, UnfilteredService> = new Map([
  ["169.254.169.253", "resolver"],
  ["fd00:ec2::253", "resolver"],
  ["169.254.169.254", "metadata"],
  ["fd00:ec2::254", "metadata"],
  ["169.254.169.123", "time"],
  ["fd00:ec2::123", "time"],
  ["169.254.169.250", "windows-activation"],
  ["169.254.169.251", "windows-activation"],
  ["169.254.170.2", "task-metadata"],
]);

/**
 * The service at the other end of an outgoing packet, if it is one that nothing filters.
 *
 * https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
 * https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html
 */
export function unfilteredServiceAt(
  packet: Pick<Packet, "to" | "protocol" | "toPort">,
  vpc: Vpc,
  subnet: Subnet,
): UnfilteredService | null {
  const { ip } = packet.to;
  if (ip === addressAt(vpc.cidr, 2)) return "resolver";
  if (packet.protocol === "udp" && packet.toPort === 67) return "dhcp";
  if (ip === addressAt(subnet.cidr, 1)) return "router";
  return FIXED.get(ip) ?? null;
}

/** Whether the far end of a packet, whichever way it goes, is one of these services. */
export function isUnfilteredPeer(view: PacketView, vpc: Vpc, subnet: Subnet): boolean {
  const { remoteIp, protocol, sourcePort, destinationPort, direction } = view;
  const port = direction === "egress" ? destinationPort : sourcePort;
  const packet = { to: { kind: "external", ip: remoteIp }, protocol: protocol === 17 ? "udp" : protocol } as const;
  return unfilteredServiceAt({ ...packet, ...(port === null ? {} : { toPort: port }) }, vpc, subnet) !== null;
}

/** Two of them can be switched off, by the instance's metadata options and the VPC's DNS support. */
export function isServiceOn(service: UnfilteredService, vpc: Vpc, instance: Instance | undefined): boolean {
  if (service === "resolver") return vpc.enableDnsSupport;
  if (service === "metadata") return instance !== undefined && instance.metadataOptions.httpEndpoint === "enabled";
  return true;
}
