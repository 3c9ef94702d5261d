import type { Cidr } from "./cidr.ts";
import { intersection, parseCidr, subtract } from "./cidr.ts";
import type { AclEntry, FlowProtocol } from "./described.ts";
import type { PortRange } from "./matching.ts";
import { coversPorts, portsOf, protocolsOf, sharePorts } from "./matching.ts";

/** Packets of one direction of a flow, as a NACL sees them. */
export interface Packets {
  readonly direction: "ingress" | "egress";
  readonly protocol: FlowProtocol;
  readonly peers: Cidr;
  /** The packets' destination ports: that is what an entry's ports mean, in both directions. */
  readonly ports: PortRange;
}

/**
 * The peers whose packets the NACL may let through: a superset, never too few.
 *
 * Entries are tried in ascending order and the first match wins; what matches none is denied.
 * https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html
 */
export function peersAllowed(entries: readonly AclEntry[], packets: Packets): readonly Cidr[] {
  const inOrder = entries
    .filter(({ direction }) => direction === packets.direction)
    .sort((left, right) => left.number - right.number);
  const allowed: Cidr[] = [];
  let undecided: readonly Cidr[] = [packets.peers];
  for (const entry of inOrder) {
    const block = parseCidr(entry.cidr);
    if (block === null || !mayMatch(entry, packets)) continue;
    if (entry.action === "allow") {
      allowed.push(...undecided.flatMap((peers) => intersection(peers, block) ?? []));
    }
    if (matchesAll(entry, packets)) undecided = undecided.flatMap((peers) => subtract(peers, block));
  }
  return allowed;
}

function mayMatch(entry: AclEntry, { protocol, ports }: Packets): boolean {
  return protocolsOf(entry.protocol).includes(protocol) && sharePorts(portsOf(entry), ports);
}

/** Whether the entry decides every such packet: one for some ports, or one IP protocol of "other", leaves the rest open. */
function matchesAll(entry: AclEntry, { protocol, ports }: Packets): boolean {
  if (entry.protocol === "-1") return true;
  return (protocol === "tcp" || protocol === "udp") && coversPorts(portsOf(entry), ports);
}
