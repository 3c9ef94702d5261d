import type { Survivor } from "../core/containment.ts";
import { covers, formatCidr, parseCidr } from "./cidr.ts";
import type { Described, FlowProtocol, Indication, ReachInterface } from "./described.ts";
import type { Flow } from "./flows.ts";
import { flowsLeft, notDenied } from "./flows.ts";
import { allPorts, formatPorts, protocolsOf } from "./matching.ts";
import { segmentsTo } from "./routes.ts";

/** Every flow that may have outlived the cut, with what would end it. Credentials are judged apart. */
export function survivors(described: Described): readonly Survivor[] {
  const left = new Map(described.interfaces.map((nic) => [nic.id, flowsLeft(nic)]));
  const indicated = described.interfaces.flatMap((nic) => indicatedOn(nic, described, left.get(nic.id) ?? []));
  const possible = described.interfaces.flatMap((nic) => possibleOn(nic, described, left.get(nic.id) ?? []));
  return distinct([...indicated, ...possible, ...unfiltered(described)]);
}

/** So many blocks of one way out are named one by one. */
const MOST_BLOCKS = 4;

function possibleOn(nic: ReachInterface, described: Described, flows: readonly Flow[]): readonly Survivor[] {
  return alikeIn(flows).flatMap((alike) => {
    const each = alike.map((flow) => flow.named ?? formatCidr(flow.peers));
    const [first] = alike;
    if (first === undefined || new Set(each).size <= MOST_BLOCKS)
      return alike.map((flow, index) => possibleFlow(nic, described, { flow, peers: each[index] ?? "" }));
    // What is left of everything but one block is some thirty blocks, which nobody reads and no journal holds.
    const blocks = [...new Set(each)];
    const rest = `${blocks.slice(0, MOST_BLOCKS - 1).join(", ")} and ${blocks.length - MOST_BLOCKS + 1} other blocks`;
    return [possibleFlow(nic, described, { flow: first, peers: rest })];
  });
}

/** Flows that differ in their peers only. */
function alikeIn(flows: readonly Flow[]): readonly (readonly Flow[])[] {
  const groups = new Map<string, Flow[]>();
  for (const flow of flows) {
    const { opened, protocol, via, isAutoTracked, ports } = flow;
    const key = [opened, protocol, via, isAutoTracked, formatPorts(ports)].join(" ");
    groups.set(key, [...(groups.get(key) ?? []), flow]);
  }
  return [...groups.values()];
}

function possibleFlow(
  nic: ReachInterface,
  described: Described,
  { flow, peers }: { readonly flow: Flow; readonly peers: string },
): Survivor {
  const isManaged = nic.managedBy !== null;
  const way = flow.opened === "egress" ? `to ${peers}` : `from ${peers}`;
  const why = isManaged
    ? `${nic.id} is managed by ${nic.managedBy}: nobody else may seal it`
    : nic.unknownBefore !== null
      ? `what the groups of ${nic.id} allowed before the cut is not known: ${nic.unknownBefore}`
      : `the groups of ${nic.id} allowed it before the cut, ${flow.via} routes it, and AWS goes on tracking flows after a change of groups`;
  return {
    code: isManaged ? "flow.managed" : "flow.tracked",
    what: `${nameOf(flow.protocol)} ${way}${portsText(flow)} through ${flow.via}`,
    kind: flow.protocol,
    certainty: "possible" as const,
    why,
    ...leverOn(nic, described, flow),
  };
}

/** Only TCP and UDP have ports. */
function portsText({ protocol, ports }: Flow): string {
  return protocol === "tcp" || protocol === "udp" ? ` (${formatPorts(ports)})` : "";
}

/**
 * An address that a finding names, unless it is proven gone: denied both ways, without a route, untracked or converted.
 * The rules before the cut do not prove it gone where they do not name it: its flow may be older than they are.
 */
function indicatedOn(nic: ReachInterface, described: Described, flows: readonly Flow[]): readonly Survivor[] {
  return described.indications.flatMap((indication) =>
    indication.remotes.flatMap(({ address, port, protocol }) => {
      const peer = parseCidr(address);
      const segment = peer === null ? undefined : segmentsTo(peer, nic)[0];
      if (peer === null || segment === undefined) return [];
      const kinds = protocol === null ? (["tcp", "udp"] as const) : protocolsOf(protocol);
      const alive = kinds.filter((kind) => {
        if (flows.some((flow) => flow.protocol === kind && flow.left.some((block) => covers(block, peer)))) return true;
        const isConvertible = kind === "tcp" || kind === "udp";
        if (isConvertible && nic.isConverted && !segment.isAutoTracked) return false;
        if (isConvertible && isOpenToAll(nic, kind, peer.family) && !segment.isAutoTracked) return false;
        return notDenied(nic, { opened: "egress", protocol: kind, peers: peer, ports: allPorts }).length > 0;
      });
      return alive.map((kind) => ({
        code: "flow.indicated" as const,
        what: `${nameOf(kind)} with ${address}${port === null ? "" : ` port ${port}`} through ${segment.via}`,
        kind,
        certainty: "indicated" as const,
        why: `finding ${indication.findingId} names it, and nothing proves the flow on ${nic.id} gone`,
        ...leverOn(nic, described, { protocol: kind, isAutoTracked: segment.isAutoTracked }),
      }));
    }),
  );
}

/** Groups open both ways for everybody: their TCP and UDP flows are untracked, so the swap ended them. */
function isOpenToAll(nic: ReachInterface, kind: FlowProtocol, family: 4 | 6): boolean {
  if (nic.unknownBefore !== null) return false;
  const peer = family === 4 ? "0.0.0.0/0" : "::/0";
  return (["egress", "ingress"] as const).every((direction) =>
    nic.rulesBefore.some(
      (rule) =>
        rule.direction === direction &&
        rule.peer === peer &&
        protocolsOf(rule.protocol).includes(kind) &&
        (rule.protocol === "-1" || (rule.fromPort === 0 && rule.toPort === 65_535)),
    ),
  );
}

function leverOn(
  nic: ReachInterface,
  { instanceId }: Described,
  flow: { readonly protocol: FlowProtocol; readonly isAutoTracked: boolean },
): { readonly lever: string; readonly blastRadius: string } {
  if (nic.managedBy !== null)
    return { lever: "contain.stop", blastRadius: `${instanceId} loses its memory and its work` };
  const isConvertible = flow.protocol === "tcp" || flow.protocol === "udp";
  if (isConvertible && !flow.isAutoTracked) {
    return { lever: "contain.tracked-connections", blastRadius: `${instanceId} is open to its network for about 70 s` };
  }
  return {
    lever: "contain.network-acl, or contain.stop",
    blastRadius: `every machine in ${nic.subnetId}; with contain.stop only ${instanceId}`,
  };
}

/** https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html: what neither groups nor NACLs filter. */
function unfiltered({ indications, instanceId }: Described): readonly Survivor[] {
  const dns = indications.find(isAboutDns);
  const stop = { lever: "contain.stop", blastRadius: `${instanceId} loses its memory and its work` };
  return [
    {
      code: "service.resolver",
      what: "resolver",
      kind: "resolver",
      certainty: dns === undefined ? "unfiltered" : "indicated",
      why:
        dns === undefined
          ? "neither groups nor NACLs filter DNS to AWS's resolver"
          : `finding ${dns.findingId} (${dns.type}) is about DNS, which nothing filters`,
      lever: "a Route 53 Resolver DNS Firewall on the VPC, or contain.stop",
      blastRadius: `every machine of the VPC; with contain.stop only ${instanceId}`,
    },
    {
      code: "service.metadata",
      what: "instance metadata",
      kind: "metadata",
      certainty: "unfiltered",
      why: "neither groups nor NACLs filter it",
      ...stop,
    },
    {
      code: "service.time",
      what: "time service",
      kind: "time",
      certainty: "unfiltered",
      why: "neither groups nor NACLs filter it",
      ...stop,
    },
  ];
}

function isAboutDns({ channel, type }: Indication): boolean {
  return channel === "dns" || type.endsWith("!DNS") || type.endsWith("DNSDataExfiltration");
}

function nameOf(protocol: FlowProtocol): string {
  return protocol === "other" ? "other IP protocols" : protocol.toUpperCase();
}

function distinct(all: readonly Survivor[]): readonly Survivor[] {
  return [...new Map(all.map((survivor) => [`${survivor.certainty} ${survivor.what}`, survivor])).values()];
}
