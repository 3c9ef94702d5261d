import type { NetworkInterface } from "../model.ts";
import type { Place } from "../world.ts";
import { aclAllows } from "./acl-evaluation.ts";
import { ruleAllows, rulesOf } from "./group-evaluation.ts";
import { hopOf, type Hop } from "./hop.ts";
import { reversed, type PacketView } from "./packet.ts";
import { networkAclOf } from "./routes.ts";

/** The port from which a load balancer's check comes: any ephemeral one, so that rules about answers are judged too. */
const PROBE_PORT = 49_152;

/**
 * Whether a load balancer's health check gets through and is answered.
 *
 * Each check is a connection of its own, so that no tracked flow carries it: an instance that is sealed fails its next
 * check. It leaves no trace in the interfaces' tables.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
 */
export function probeReaches(
  place: Place,
  from: NetworkInterface,
  to: { readonly network: NetworkInterface; readonly ip: string; readonly port: number },
): boolean {
  const [source, target] = [hopOf(place, from), hopOf(place, to.network)];
  const sourceIp = from.privateIps[0];
  if (!source || !target || sourceIp === undefined || !runs(place, to.network)) return false;
  const leaves = view({ direction: "egress", localIp: sourceIp, remoteIp: to.ip, port: to.port });
  const arrives = { ...leaves, direction: "ingress", localIp: to.ip, remoteIp: sourceIp } as const;
  return (
    passesGroups(place, from, leaves) &&
    passesGroups(place, to.network, arrives) &&
    passesAcls({ source, target }, { leaves, arrives })
  );
}

/** The application answers while its system runs. */
function runs({ region }: Place, { attachment }: NetworkInterface): boolean {
  return region.instances.get(attachment?.instanceId ?? "")?.state === "running";
}

function view(packet: {
  readonly direction: "egress";
  readonly localIp: string;
  readonly remoteIp: string;
  readonly port: number;
}): PacketView {
  const { port, ...rest } = packet;
  return {
    ...rest,
    protocol: 6,
    sourcePort: PROBE_PORT,
    destinationPort: port,
    icmp: null,
    startsConnection: true,
    endsConnection: false,
  };
}

/** Groups are stateful: what they let in they let answer. An interface without groups has no filter. */
function passesGroups({ region }: Place, network: NetworkInterface, packet: PacketView): boolean {
  return network.groupIds.length === 0 || rulesOf(region, network).some((rule) => ruleAllows(region, rule, packet));
}

/** Network ACLs stand between subnets, and judge the answer as well. */
function passesAcls(
  { source, target }: { readonly source: Hop; readonly target: Hop },
  { leaves, arrives }: { readonly leaves: PacketView; readonly arrives: PacketView },
): boolean {
  if (source.subnet.id === target.subnet.id) return true;
  const allows = (hop: Hop, packet: PacketView): boolean =>
    aclAllows(networkAclOf(hop.place.region, hop.subnet)?.entries ?? [], packet);
  return (
    allows(source, leaves) &&
    allows(target, arrives) &&
    allows(target, reversed(arrives)) &&
    allows(source, reversed(leaves))
  );
}
