/** What interfaces remember of their flows. */
import type { FlowIdentity } from "./options.ts";
import { isIcmp, type PacketView } from "./packet.ts";
import { Trial } from "./trial.ts";

/** Seconds without a packet after which an entry is forgotten. */
export interface IdleTimeouts {
  readonly tcpEstablished: number;
  readonly udp: number;
  readonly udpStream: number;
  readonly icmp: number;
  /** Protocols other than TCP, UDP and ICMP: 600 s. */
  readonly other: number;
}

/** One tracked flow, as the interface that keeps it sees it. */
export interface TrackedFlow {
  readonly key: string;
  readonly startedBy: "ingress" | "egress";
  readonly protocol: number;
  readonly remoteIp: string;
  lastPacketAt: number;
  lastDirection: "ingress" | "egress";
  /** How often an answer followed a request. */
  transactions: number;
  /** As they were when the entry was made. */
  readonly timeouts: IdleTimeouts;
  readonly isAutomatic: boolean;
  /** Milliseconds since 1970. */
  readonly beganAt: number;
  /** The groups of the interface when the entry was made. */
  readonly groupIds: readonly string[];
  /** The public address that stood for the interface's own then. */
  readonly publicIp: string | null;
}

/** What each interface remembers of its flows. Entries outlive every change of rules and groups. */
export class Connections {
  readonly #byInterface = new Map<string, Map<string, TrackedFlow>>();
  readonly #trial: Trial;

  constructor(trial = new Trial()) {
    this.#trial = trial;
  }

  /** The live entry of a packet's flow; `current` are the timers in force now where they apply to old entries too. */
  find(interfaceId: string, view: PacketView, now: number, current?: IdleTimeouts): TrackedFlow | null {
    const flows = this.#byInterface.get(interfaceId);
    const flow = flows?.get(flowKey(view));
    if (!flow) return null;
    if (now - flow.lastPacketAt < idleSeconds(flow, current) * 1000) return flow;
    this.close(interfaceId, flow);
    return null;
  }

  open(
    interfaceId: string,
    view: PacketView,
    entry: Omit<
      TrackedFlow,
      "key" | "startedBy" | "protocol" | "remoteIp" | "lastPacketAt" | "lastDirection" | "transactions"
    >,
    now: number,
  ): TrackedFlow {
    const flow: TrackedFlow = {
      ...entry,
      key: flowKey(view),
      startedBy: view.direction,
      protocol: view.protocol,
      remoteIp: view.remoteIp,
      lastPacketAt: now,
      lastDirection: view.direction,
      transactions: 0,
    };
    const flows = this.#byInterface.get(interfaceId) ?? new Map<string, TrackedFlow>();
    this.#trial.note(() => flows.delete(flow.key));
    flows.set(flow.key, flow);
    this.#byInterface.set(interfaceId, flows);
    return flow;
  }

  touch(flow: TrackedFlow, view: PacketView, now: number): void {
    const { lastPacketAt, lastDirection, transactions } = flow;
    this.#trial.note(() => Object.assign(flow, { lastPacketAt, lastDirection, transactions }));
    flow.lastPacketAt = now;
    if (view.direction !== flow.startedBy && flow.lastDirection === flow.startedBy) flow.transactions++;
    flow.lastDirection = view.direction;
  }

  close(interfaceId: string, flow: TrackedFlow): void {
    const flows = this.#byInterface.get(interfaceId);
    this.#trial.note(() => flows?.set(flow.key, flow));
    flows?.delete(flow.key);
  }

  /** The entries of an interface that are alive now. */
  list(interfaceId: string, now: number): readonly TrackedFlow[] {
    return [...(this.#byInterface.get(interfaceId)?.values() ?? [])].filter(
      (flow) => now - flow.lastPacketAt < idleSeconds(flow) * 1000,
    );
  }
}

/** The flow of a packet, named for the interface that sees it. */
export function identityOf(interfaceId: string, view: PacketView): FlowIdentity {
  const { direction, localIp, remoteIp, protocol, sourcePort, destinationPort } = view;
  const [localPort, remotePort] =
    direction === "egress" ? [sourcePort, destinationPort] : [destinationPort, sourcePort];
  return { interfaceId, protocol, localIp, localPort, remoteIp, remotePort };
}

/** TCP and UDP are known by addresses and ports; ICMP by addresses; everything else by address and protocol number. */
function flowKey(view: PacketView): string {
  const { protocol, localIp, localPort, remoteIp, remotePort } = identityOf("", view);
  return [protocol, localIp, localPort ?? "-", remoteIp, remotePort ?? "-"].join(" ");
}

/**
 * A UDP flow is a stream once it has seen more than one request with its answer.
 * AWS has further, shorter timers for connections that are opening or closing and does not publish them: here every
 * TCP entry lives as long as an established one, which is the worst for who waits for it to end.
 */
function idleSeconds(flow: TrackedFlow, timeouts: IdleTimeouts = flow.timeouts): number {
  if (flow.protocol === 6) return timeouts.tcpEstablished;
  if (flow.protocol === 17) return flow.transactions > 1 ? timeouts.udpStream : timeouts.udp;
  return isIcmp(flow.protocol) ? timeouts.icmp : timeouts.other;
}
