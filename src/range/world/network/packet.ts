/** One end of a packet: an interface of the range with one of its private addresses, or any address outside. */
export type Endpoint =
  | { readonly kind: "interface"; readonly interfaceId: string; readonly ip: string }
  | { readonly kind: "external"; readonly ip: string };

/** A protocol by name, or by its IANA number. */
export type Protocol = "tcp" | "udp" | "icmp" | "icmpv6" | number;

export interface Packet {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly protocol: Protocol;
  /** TCP and UDP only. */
  readonly fromPort?: number;
  readonly toPort?: number;
  /** TCP only: the first packet, one of an established connection (when left out), or its end. */
  readonly tcp?: "syn" | "data" | "reset";
  readonly icmp?: { readonly type: number; readonly code: number };
  /** ICMP errors only: the packet that the error is about, as it was sent. */
  readonly regarding?: Packet;
  /** A service that the packet passes on its way and that the range does not model as a resource. */
  readonly via?: "network-load-balancer" | "global-accelerator" | "network-firewall";
  /** By way of a Network Load Balancer: the ARN of the target group that the flow was balanced to. */
  readonly targetGroupArn?: string;
}

export type DeliveryReason =
  | "delivered"
  | "unfiltered-service"
  | "security-group"
  | "network-acl"
  | "no-route"
  | "no-public-address"
  | "no-nat-mapping"
  | "not-on-network"
  | "no-such-interface"
  | "source-destination-check"
  | "service-disabled"
  | "load-balancer";

export interface Delivery {
  readonly delivered: boolean;
  readonly reason: DeliveryReason;
  /** The resource that decided, where one did. */
  readonly by: string | null;
  /** Whether an interface on the path keeps an entry for this flow. */
  readonly tracked: boolean;
}

/** A packet as one interface or subnet sees it: what is near, what is far, and which way it goes. */
export interface PacketView {
  readonly direction: "ingress" | "egress";
  readonly localIp: string;
  readonly remoteIp: string;
  /** IANA number. */
  readonly protocol: number;
  readonly sourcePort: number | null;
  readonly destinationPort: number | null;
  readonly icmp: { readonly type: number; readonly code: number } | null;
  readonly startsConnection: boolean;
  readonly endsConnection: boolean;
  /** Of an ICMP error: the packet that it is about. */
  readonly about?: PacketView;
}

const NUMBERS = { tcp: 6, udp: 17, icmp: 1, icmpv6: 58 } as const;

export function protocolNumber(protocol: Protocol): number {
  return typeof protocol === "number" ? protocol : NUMBERS[protocol];
}

/** The packet as the side `direction` points from or to sees it; addresses can be given where they are translated. */
export function viewOf(
  packet: Packet,
  direction: "ingress" | "egress",
  translated: { readonly localIp?: string; readonly remoteIp?: string } = {},
): PacketView {
  const [local, remote] = direction === "egress" ? [packet.from, packet.to] : [packet.to, packet.from];
  const protocol = protocolNumber(packet.protocol);
  const hasPorts = protocol === 6 || protocol === 17;
  const { regarding } = packet;
  return {
    ...(regarding ? { about: viewOf(regarding, direction === "egress" ? "ingress" : "egress") } : {}),
    direction,
    localIp: translated.localIp ?? local.ip,
    remoteIp: translated.remoteIp ?? remote.ip,
    protocol,
    sourcePort: hasPorts ? (packet.fromPort ?? 0) : null,
    destinationPort: hasPorts ? (packet.toPort ?? 0) : null,
    icmp: isIcmp(protocol) ? (packet.icmp ?? { type: protocol === 1 ? 8 : 128, code: 0 }) : null,
    startsConnection: protocol === 6 && packet.tcp === "syn",
    endsConnection: protocol === 6 && packet.tcp === "reset",
  };
}

/** The answer to a packet, as the same interface sees it. */
export function reversed(view: PacketView): PacketView {
  return {
    ...view,
    direction: view.direction === "egress" ? "ingress" : "egress",
    sourcePort: view.destinationPort,
    destinationPort: view.sourcePort,
    startsConnection: false,
  };
}

export function isIcmp(protocol: number): boolean {
  return protocol === 1 || protocol === 58;
}
