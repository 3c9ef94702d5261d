import type { AclEntry, FlowProtocol, GroupRule } from "./described.ts";

/** Ports, both ends included. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

export const allPorts: PortRange = { from: 0, to: 65_535 };

/** The kinds of flow that a rule's or entry's protocol lets through. */
export function protocolsOf(protocol: string): readonly FlowProtocol[] {
  switch (protocol) {
    case "-1":
      return ["tcp", "udp", "icmp", "other"];
    case "tcp":
    case "6":
      return ["tcp"];
    case "udp":
    case "17":
      return ["udp"];
    case "icmp":
    case "icmpv6":
    case "1":
    case "58":
      return ["icmp"];
    default:
      return ["other"];
  }
}

/** The ports of a rule or entry. Only TCP and UDP have any; a rule for all protocols is for all ports. */
export function portsOf({ protocol, fromPort, toPort }: GroupRule | AclEntry): PortRange {
  const [only] = protocolsOf(protocol);
  const hasPorts = protocol !== "-1" && (only === "tcp" || only === "udp");
  if (!hasPorts || fromPort === null || toPort === null || fromPort < 0) return allPorts;
  return { from: fromPort, to: toPort };
}

export function coversPorts(outer: PortRange, inner: PortRange): boolean {
  return outer.from <= inner.from && outer.to >= inner.to;
}

export function sharePorts(left: PortRange, right: PortRange): boolean {
  return left.from <= right.to && right.from <= left.to;
}
