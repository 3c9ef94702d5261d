import { rangeContains } from "../addresses.ts";
import type { NetworkAclEntry } from "../model.ts";
import type { PacketView } from "./packet.ts";

/**
 * Whether a network ACL lets a packet pass: entries in ascending order of number, the first match decides, and what
 * matches none is denied. Stateless: answers are judged like any other packet.
 *
 * https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
 */
export function aclAllows(entries: readonly NetworkAclEntry[], view: PacketView): boolean {
  let decisive: NetworkAclEntry | null = null;
  for (const entry of entries) {
    if (decisive && decisive.number <= entry.number) continue;
    if (entryMatches(entry, view)) decisive = entry;
  }
  return decisive?.action === "allow";
}

function entryMatches(entry: NetworkAclEntry, view: PacketView): boolean {
  if (entry.egress !== (view.direction === "egress")) return false;
  const range = entry.cidr ?? entry.ipv6Cidr;
  if (range === null || !rangeContains(range, view.remoteIp)) return false;
  if (entry.protocol === "-1") return true; // Ports are ignored then, as AWS does.
  if (Number(entry.protocol) !== view.protocol) return false;
  if (view.destinationPort !== null && entry.portRange) {
    return entry.portRange.from <= view.destinationPort && view.destinationPort <= entry.portRange.to;
  }
  if (view.icmp && entry.icmp) {
    const { type, code } = entry.icmp;
    return (type === -1 || type === view.icmp.type) && (code === -1 || code === view.icmp.code);
  }
  return true;
}
