/** Lists what may outlive the cut in the network: flows, and services that nothing filters. */
import type { Survivor } from "../core/containment.ts";
import type { Described, Indication } from "./described.ts";
import { waysOf } from "./ways.ts";

/** Every way of the network that no ground closes, with what would end it. Credentials are judged apart. */
export function survivors(described: Described): readonly Survivor[] {
  return [...waysOf(described).survivors, ...services(described)];
}

/** https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html: what neither groups nor NACLs filter. */
export function services({ indications, instanceId }: Described): readonly Survivor[] {
  const dns = indications.find(isAboutDns);
  const stop = { lever: "contain.stop", blastRadius: `${instanceId}, which loses its memory and its work` };
  return [
    {
      code: "service.resolver",
      way: "service resolver",
      scope: { kind: "service", name: "resolver" },
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
      way: "service metadata",
      scope: { kind: "service", name: "metadata" },
      what: "instance metadata",
      kind: "metadata",
      certainty: "unfiltered",
      why: "neither groups nor NACLs filter it",
      ...stop,
    },
    {
      code: "service.time",
      way: "service time",
      scope: { kind: "service", name: "time" },
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
