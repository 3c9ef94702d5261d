/** What reachability knows of the account: resources as they were read. Text from AWS, no SDK types. */
import type { GroupRule } from "./group-rule.ts";
import type { RuleHistory } from "./history.ts";

export type { GroupRule } from "./group-rule.ts";

export type FlowProtocol = "tcp" | "udp" | "icmp" | "other";

export interface AclEntry {
  readonly direction: "ingress" | "egress";
  readonly number: number;
  readonly action: "allow" | "deny";
  readonly protocol: string;
  readonly fromPort: number | null;
  readonly toPort: number | null;
  readonly cidr: string;
}

export interface RouteLine {
  /** A CIDR block or a prefix list's id. */
  readonly destination: string;
  readonly target: string;
  readonly isBlackhole: boolean;
}

export interface ReachInterface {
  readonly id: string;
  readonly subnetId: string;
  /** Blocks of the interface's subnet, where NACLs do not apply. */
  readonly subnetCidrs: readonly string[];
  /** Public or Elastic IPv4 address. Without one, an internet gateway carries no IPv4. */
  readonly publicAddress: string | null;
  /** Whether it has an IPv6 address, which anybody on the internet reaches through an internet gateway. */
  readonly hasIpv6: boolean;
  /** Rules of all its groups before the cut. */
  readonly rulesBefore: readonly GroupRule[];
  /** Why nobody knows the rules before the cut, as a clause; null where they are known. Unknown, they allowed anything. */
  readonly unknownBefore: string | null;
  /** Rules of all its groups as they are now. */
  readonly rulesNow: readonly GroupRule[];
  /** Who manages the interface, where that is not the account: only they may change it. */
  readonly managedBy: string | null;
  /** Whether its flows were converted to untracked and cut, and that was verified. */
  readonly isConverted: boolean;
  readonly aclId: string;
  readonly aclEntries: readonly AclEntry[];
  readonly routes: readonly RouteLine[];
  /** Addresses in the VPC whose flows AWS always tracks: load balancers, endpoints, NAT gateways. */
  readonly autoTrackedPeers: readonly string[];
  /** The rules that it had during the whole time. Left out or null: nobody read them. */
  readonly history?: RuleHistory | null;
}

/** A finding, as far as it tells where a flow may live. */
export interface Indication {
  readonly findingId: string;
  readonly type: string;
  readonly channel: "dns" | "credentials" | null;
  readonly remotes: readonly {
    readonly address: string;
    readonly port: number | null;
    readonly protocol: string | null;
  }[];
}

export interface Described {
  readonly instanceId: string;
  readonly interfaces: readonly ReachInterface[];
  readonly indications: readonly Indication[];
}
