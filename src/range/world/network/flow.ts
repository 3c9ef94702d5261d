/** A flow between an interface of the range and somebody else, without any packet of it. */
import type { IdleTimeouts } from "./connections.ts";
import type { Endpoint, Packet } from "./packet.ts";

export interface Flow {
  readonly inside: Extract<Endpoint, { readonly kind: "interface" }>;
  readonly outside: Endpoint;
  readonly protocol: Packet["protocol"];
  /** TCP and UDP only. */
  readonly insidePort?: number;
  readonly outsidePort?: number;
  readonly icmp?: Packet["icmp"];
  readonly via?: Packet["via"];
  readonly targetGroupArn?: string;
}

/** What was, of a flow that is planted. Times are milliseconds since 1970. */
export interface PlantedPast {
  readonly startedBy: "inside" | "outside";
  readonly beganAt: number;
  /** The last packet in either direction: the idle timer runs from here. */
  readonly lastPacketAt: number;
  /** False for a flow that AWS left untracked; true when left out. */
  readonly tracked?: boolean;
  /** UDP: false where no answer was ever seen, so that the shorter timer counts; true when left out. */
  readonly isStream?: boolean;
  /** The timers in force when it began, of the inside interface; those of this moment when left out. */
  readonly timeouts?: Partial<IdleTimeouts>;
  /** The groups of the inside interface when it began; those of this moment when left out. */
  readonly groupIds?: readonly string[];
}

/** A packet in the middle of a flow. */
export function packetOf(flow: Flow, direction: "outward" | "inward"): Packet {
  const { inside, outside, insidePort, outsidePort, protocol, icmp, via, targetGroupArn } = flow;
  const isOut = direction === "outward";
  const [fromPort, toPort] = isOut ? [insidePort, outsidePort] : [outsidePort, insidePort];
  return {
    ...(isOut ? { from: inside, to: outside } : { from: outside, to: inside }),
    protocol,
    ...(fromPort === undefined ? {} : { fromPort }),
    ...(toPort === undefined ? {} : { toPort }),
    ...(icmp === undefined ? {} : { icmp }),
    ...(via === undefined ? {} : { via }),
    ...(targetGroupArn === undefined ? {} : { targetGroupArn }),
  };
}
