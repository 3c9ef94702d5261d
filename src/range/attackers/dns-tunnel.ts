import type { NetworkInterface } from "../world/model.ts";
import type { Network } from "../world/network/network.ts";
import { createActor, type ActorOptions, type Attacker } from "./attacker.ts";
import { ephemeralPort } from "./tcp-connection.ts";

export interface DnsTunnelOptions extends Omit<ActorOptions, "everyMs"> {
  readonly network: Network;
  readonly through: NetworkInterface;
  /** The VPC's resolver: its base address plus two. */
  readonly resolverIp: string;
  readonly everyMs?: number;
}

/**
 * Talks to its master in the names it asks the VPC's resolver for.
 *
 * Neither security groups nor network ACLs filter queries to the resolver, or its answers, so that every query that
 * is delivered is answered: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
 */
export function createDnsTunnel(options: DnsTunnelOptions): Attacker {
  const { network, through, resolverIp, random } = options;
  return createActor(
    { everyMs: 4_000, ...options },
    {
      begin() {},
      beat: () =>
        network.send({
          from: { kind: "interface", interfaceId: through.id, ip: through.privateIps[0] ?? "" },
          to: { kind: "external", ip: resolverIp },
          protocol: "udp",
          fromPort: ephemeralPort(random),
          toPort: 53,
        }).delivered,
    },
  );
}
