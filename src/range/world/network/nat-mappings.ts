/** What NAT gateways remember of the flows that they translate. */
import type { PacketView } from "./packet.ts";
import type { Trial } from "./trial.ts";

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
  readonly #trial: Trial;
  #lastPort = 1023;

  constructor(trial: Trial) {
    this.#trial = trial;
  }

  /** Outbound: finds or makes the mapping; `null` for a TCP connection that is not known any more. */
  outbound(gatewayId: string, interfaceId: string, view: PacketView, now: number): NatMapping | null {
    const known = this.inbound(interfaceId, view, now);
    if (known && known.gatewayId === gatewayId) {
      this.touch(known, now);
      return known;
    }
    if (view.protocol === 6 && !view.startsConnection) return null;
    return this.open(gatewayId, { interfaceId, view }, now);
  }

  /** Makes a mapping, also of a flow that began earlier. */
  open(
    gatewayId: string,
    { interfaceId, view }: { readonly interfaceId: string; readonly view: PacketView },
    lastPacketAt: number,
  ): NatMapping {
    const key = keyOf(interfaceId, view);
    const [port, before] = [this.#lastPort, this.#mappings.get(key)];
    this.#trial.note(() => {
      this.#lastPort = port;
      if (before) this.#mappings.set(key, before);
      else this.#mappings.delete(key);
    });
    this.#lastPort = this.#lastPort >= 65_535 ? 1024 : this.#lastPort + 1;
    const mapping = { gatewayId, publicPort: this.#lastPort, lastPacketAt };
    this.#mappings.set(key, mapping);
    return mapping;
  }

  /** A packet of the flow passed. */
  touch(mapping: NatMapping, now: number): void {
    const { lastPacketAt } = mapping;
    this.#trial.note(() => (mapping.lastPacketAt = lastPacketAt));
    mapping.lastPacketAt = now;
  }

  /** The live mapping of a packet's flow, whichever way it goes. */
  inbound(interfaceId: string, view: PacketView, now: number): NatMapping | null {
    const key = keyOf(interfaceId, view);
    const mapping = this.#mappings.get(key);
    if (!mapping) return null;
    if (now - mapping.lastPacketAt < IDLE_MS) return mapping;
    this.#trial.note(() => this.#mappings.set(key, mapping));
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
