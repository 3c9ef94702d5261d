import type { Network } from "../world/network/network.ts";
import type { Endpoint, Packet } from "../world/network/packet.ts";

/** The two ends of a TCP connection: `inside` is the target's, `outside` any address or another interface of the range. */
export interface TcpEnds {
  readonly inside: Extract<Endpoint, { readonly kind: "interface" }>;
  readonly outside: Endpoint;
  readonly insidePort: number;
  readonly outsidePort: number;
}

/** One TCP connection, as a sequence of packets that the network may or may not deliver. */
export class TcpConnection {
  readonly #network: Network;
  readonly #ends: TcpEnds;

  constructor(network: Network, ends: TcpEnds) {
    this.#network = network;
    this.#ends = ends;
  }

  /** The three packets of the handshake; false when one of them is lost. */
  open(startedBy: "inside" | "outside"): boolean {
    const other = startedBy === "inside" ? "outside" : "inside";
    return this.#send(startedBy, "syn") && this.#send(other, "data") && this.#send(startedBy, "data");
  }

  /** A packet and its answer. When the first packet is lost, the other side retransmits what it had to say. */
  exchange(startedBy: "inside" | "outside"): boolean {
    const other = startedBy === "inside" ? "outside" : "inside";
    return this.#roundTrip(startedBy) || this.#roundTrip(other);
  }

  #roundTrip(first: "inside" | "outside"): boolean {
    return this.#send(first, "data") && this.#send(first === "inside" ? "outside" : "inside", "data");
  }

  #send(sender: "inside" | "outside", tcp: "syn" | "data"): boolean {
    const { inside, outside, insidePort, outsidePort } = this.#ends;
    const packet: Packet =
      sender === "inside"
        ? { from: inside, to: outside, protocol: "tcp", fromPort: insidePort, toPort: outsidePort, tcp }
        : { from: outside, to: inside, protocol: "tcp", fromPort: outsidePort, toPort: insidePort, tcp };
    return this.#network.send(packet).delivered;
  }
}

const FIRST_EPHEMERAL_PORT = 32_768;
const EPHEMERAL_PORTS = 28_232;

/** A port of the range that Linux gives to clients. */
export function ephemeralPort(random: () => number): number {
  return FIRST_EPHEMERAL_PORT + Math.floor(random() * EPHEMERAL_PORTS);
}
