import type { NetworkInterface } from "../world/model.ts";
import type { Network } from "../world/network/network.ts";
import { createActor, type ActorOptions, type Attacker } from "./attacker.ts";
import { ephemeralPort, TcpConnection } from "./tcp-connection.ts";

export interface PersistentFlowOptions extends ActorOptions {
  readonly network: Network;
  readonly through: NetworkInterface;
  readonly outsideIp: string;
  /** The interface at the other end, where that lies in the range; `outsideIp` is its address then. */
  readonly peer?: NetworkInterface;
  /** Who opens the connection, and the port that the other side listens on. */
  readonly startedBy: "inside" | "outside";
  readonly port: number;
}

/** Failed beats after which it opens a new connection, beside the one that it does not give up. */
const PATIENCE = 2;

/**
 * Holds one TCP connection open and talks over it; when nothing comes back, retransmits, then connects anew.
 *
 * The old connection is kept and tried at every beat, because AWS keeps its tracked entry: whoever lifts a block too
 * early finds the same flow alive.
 */
export function createPersistentFlow(options: PersistentFlowOptions): Attacker {
  let connection = connect(options);
  let lost = 0;
  return createActor(options, {
    begin: () => void connection.open(options.startedBy),
    beat() {
      if (connection.exchange(options.startedBy)) {
        lost = 0;
        return true;
      }
      lost++;
      if (lost < PATIENCE) return false;
      const next = connect(options);
      if (!next.open(options.startedBy)) return false;
      connection = next;
      lost = 0;
      return connection.exchange(options.startedBy);
    },
  });
}

/** Opens a new connection at every beat, as a beacon over HTTPS without keep-alive does. */
export function createPolling(options: PersistentFlowOptions): Attacker {
  return createActor(options, {
    begin() {},
    beat() {
      const connection = connect(options);
      return connection.open(options.startedBy) && connection.exchange(options.startedBy);
    },
  });
}

function connect({ network, through, outsideIp, peer, startedBy, port, random }: PersistentFlowOptions): TcpConnection {
  const clientPort = ephemeralPort(random);
  return new TcpConnection(network, {
    inside: { kind: "interface", interfaceId: through.id, ip: through.privateIps[0] ?? "" },
    outside: peer ? { kind: "interface", interfaceId: peer.id, ip: outsideIp } : { kind: "external", ip: outsideIp },
    insidePort: startedBy === "inside" ? clientPort : port,
    outsidePort: startedBy === "inside" ? port : clientPort,
  });
}
