import type { PacketView } from "./packet.ts";

/** A flow that a NAT gateway translates. */
export interface NatMapping {
  readonly gatewayId: string;
  readonly publicPort: number;
  lastPacketAt: number;
}

/** https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html (idle connections) */
const IDLE_MS = 350_000;

/** What NAT gateways remember. A connection idle for 350 s is forgotten; who continues it gets a reset. */
export class NatMappings {
  readonly #mappings = new Map<string, NatMapping>();
  #lastPort = 1023;

  /** Outbound: finds or makes the mapping; `null` for a TCP connection that is not known any more. */
  outbound(gatewayId: string, interfaceId: string, view: PacketView, now: number): NatMapping | null {
    const known = this.inbound(interfaceId, view, now);
    if (known && known.gatewayId === gatewayId) {
      known.lastPacketAt = now;
      return known;
    }
    if (view.protocol === 6 && !view.startsConnection) return null;
    this.#lastPort = this.#lastPort >= 65_535 ? 1024 : this.#lastPort + 1;
    const mapping = { gatewayId, publicPort: this.#lastPort, lastPacketAt: now };
    this.#mappings.set(keyOf(interfaceId, view), mapping);
    return mapping;
  }

  /** The live mapping of a packet's flow, whichever way it goes. */
  inbound(interfaceId: string, view: PacketView, now: number): NatMapping | null {
    const key = keyOf(interfaceId, view);
    const mapping = this.#mappings.get(key);
    if (!mapping) return null;
    if (now - mapping.lastPacketAt < IDLE_MS) return mapping;
    this.#mappings.delete(key);
    return null;
  }
}

function keyOf(
  interfaceId: string,
  { direction, localIp, remoteIp, protocol, sourcePort, destinationPort }: PacketView,
): string {
  const [near, far] = direction === "egress" ? [sourcePort, destinationPort] : [destinationPort, sourcePort];
  return [interfaceId, protocol, localIp, near ?? "-", remoteIp, far ?? "-"].join(" ");
}
