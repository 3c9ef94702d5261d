import { parseAddress } from "./addresses.ts";
import type { Capture, CapturedFlow } from "./flow-log-model.ts";
import type { NetworkInterface, RegionState } from "./model.ts";
import type { Hop } from "./network/hop.ts";
import type { PacketView } from "./network/packet.ts";
import { isUnfilteredPeer } from "./network/unfiltered-services.ts";

/** AWS aggregates over a minute or over ten; ten minutes are made of ten. */
export const MINUTE_MS = 60_000;

/**
 * Takes down one packet at one interface as the groups and the network ACL judged it, where a flow log looks.
 *
 * What no flow log records is left out: traffic with the resolver, instance metadata, time service, licence activation,
 * DHCP and the router's address. https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-limitations.html
 *
 * AWS does not say what it records of a packet that the groups let out and no route takes: here, nothing.
 */
export function capture(hop: Hop, view: PacketView, action: "ACCEPT" | "REJECT"): void {
  const { region, world } = hop.place;
  const { network } = hop;
  if (region.flowLogs.size === 0 || !isLogged(region, network)) return;
  if (isUnfilteredPeer(view, hop.vpc, hop.subnet)) return;
  const seen = captureOf(region, network.id);
  const now = world.now();
  const minute = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  const flows = seen.minutes.get(minute) ?? newMinute(seen, minute);
  const flow = flowOf(network, view, { action, now });
  const key = [
    flow.direction,
    action,
    flow.packetSource,
    flow.packetDestination,
    flow.protocol,
    flow.sourcePort,
    flow.destinationPort,
  ].join(" ");
  const known = flows.get(key);
  if (!known) {
    flows.set(key, flow);
    return;
  }
  known.packets += flow.packets;
  known.bytes += flow.bytes;
  known.tcpFlags |= flow.tcpFlags;
  known.lastAt = now;
}

/** A served range may run for weeks: longer than the longest idle timer, five days, is kept. */
const KEPT_MINUTES = 7 * 1440;

function newMinute({ minutes }: Capture, minute: number): Map<string, CapturedFlow> {
  const [oldest] = minutes.keys();
  if (minutes.size >= KEPT_MINUTES && oldest !== undefined) minutes.delete(oldest);
  const flows = new Map<string, CapturedFlow>();
  minutes.set(minute, flows);
  return flows;
}

/** What an interface saw; empty where nothing was seen yet. */
export function captureOf({ captures }: RegionState, interfaceId: string): Capture {
  const known = captures.get(interfaceId);
  if (known) return known;
  const fresh: Capture = { minutes: new Map(), skippedMinutes: new Set(), lostMinutes: new Set() };
  captures.set(interfaceId, fresh);
  return fresh;
}

/** Whether a flow log of the interface, its subnet or its VPC looks at it. */
function isLogged({ flowLogs }: RegionState, network: NetworkInterface): boolean {
  return [...flowLogs.values()].some(({ resourceId }) => covers(resourceId, network));
}

/** Whether a flow log of this resource records what the interface sees. */
export function covers(resourceId: string, { id, subnetId, vpcId }: NetworkInterface): boolean {
  return resourceId === id || resourceId === subnetId || resourceId === vpcId;
}

/** What packets weigh that carry nothing that matters here: an echo of 84 bytes, as in AWS's examples. */
const BYTES = 84;

/**
 * The near end of a record is the interface's primary address, whichever of its addresses the packet had and whether it had
 * one at all (same page); `pkt-srcaddr` and `pkt-dstaddr` say what the packet said.
 */
function flowOf(
  network: NetworkInterface,
  view: PacketView,
  { action, now }: { readonly action: "ACCEPT" | "REJECT"; readonly now: number },
): CapturedFlow {
  const { direction, localIp, remoteIp, protocol, sourcePort, destinationPort } = view;
  const isV4 = parseAddress(localIp)?.family === 4;
  const near = isV4 ? (network.privateIps[0] ?? localIp) : localIp;
  const isOut = direction === "egress";
  return {
    direction,
    action,
    source: isOut ? near : remoteIp,
    destination: isOut ? remoteIp : near,
    packetSource: isOut ? localIp : remoteIp,
    packetDestination: isOut ? remoteIp : localIp,
    sourcePort: sourcePort ?? 0,
    destinationPort: destinationPort ?? 0,
    protocol,
    packets: 1,
    bytes: BYTES,
    tcpFlags: (view.startsConnection ? 2 : 0) | (view.endsConnection ? 4 : 0),
    firstAt: now,
    lastAt: now,
  };
}
