import { isEveryAddress, rangeContains } from "../addresses.ts";
import type { NetworkInterface, RegionState, RulePeer, SecurityGroupRule } from "../model.ts";
import { reversed, type PacketView } from "./packet.ts";

const PROTOCOL_NUMBERS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, icmp: 1, icmpv6: 58 };

/** The rules of all groups of an interface together: several groups are aggregated. */
export function rulesOf(region: RegionState, network: Pick<NetworkInterface, "groupIds">): SecurityGroupRule[] {
  return network.groupIds.flatMap((id) => region.securityGroups.get(id)?.rules ?? []);
}

/** Whether a rule lets a packet pass. Groups have no denying rules, so order does not matter. */
export function ruleAllows(region: RegionState, rule: SecurityGroupRule, view: PacketView): boolean {
  return (
    rule.egress === (view.direction === "egress") &&
    protocolMatches(rule, view) &&
    peerMatches(region, rule.peer, view.remoteIp)
  );
}

/**
 * Whether AWS leaves a TCP or UDP flow untracked that was started by `first`: one rule permits it from or to every
 * address, and a rule in the other direction permits every address and every port for the response. IPv4 and IPv6
 * are judged separately.
 *
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html
 */
export function isUntrackedByRules(
  region: RegionState,
  rules: readonly SecurityGroupRule[],
  first: PacketView,
): boolean {
  if (first.protocol !== 6 && first.protocol !== 17) return false;
  const response = reversed(first);
  return (
    rules.some((rule) => permitsEveryone(rule) && ruleAllows(region, rule, first)) &&
    rules.some((rule) => permitsEveryone(rule) && permitsEveryPort(rule) && ruleAllows(region, rule, response))
  );
}

function permitsEveryone({ peer }: SecurityGroupRule): boolean {
  return (peer.kind === "ipv4" || peer.kind === "ipv6") && isEveryAddress(peer.cidr);
}

function permitsEveryPort({ protocol, fromPort, toPort }: SecurityGroupRule): boolean {
  return protocol === "-1" || ((fromPort ?? 0) <= 0 && (toPort ?? 65_535) >= 65_535);
}

function protocolMatches(rule: SecurityGroupRule, view: PacketView): boolean {
  if (rule.protocol === "-1") return true;
  if ((PROTOCOL_NUMBERS[rule.protocol] ?? Number(rule.protocol)) !== view.protocol) return false;
  if (view.icmp) {
    return isAnyOr(rule.fromPort, view.icmp.type) && isAnyOr(rule.toPort, view.icmp.code);
  }
  if (view.destinationPort === null) return true;
  return (rule.fromPort ?? 0) <= view.destinationPort && view.destinationPort <= (rule.toPort ?? 65_535);
}

function isAnyOr(value: number | null, wanted: number): boolean {
  return value === null || value === -1 || value === wanted;
}

/** A reference to a group means the private addresses of its interfaces, never their public ones. */
function peerMatches(region: RegionState, peer: RulePeer, remoteIp: string): boolean {
  switch (peer.kind) {
    case "ipv4":
    case "ipv6":
      return rangeContains(peer.cidr, remoteIp);
    case "prefix-list":
      return (region.prefixLists.get(peer.id)?.entries ?? []).some(({ cidr }) => rangeContains(cidr, remoteIp));
    case "group":
      return [...region.interfaces.values()].some(
        (each) =>
          each.groupIds.includes(peer.id) &&
          (each.privateIps.includes(remoteIp) || each.ipv6Addresses.includes(remoteIp)),
      );
  }
}
