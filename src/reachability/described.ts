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

/** Something by which packets enter or leave a VPC besides its routes, or enter a subnet. */
export interface Gateway {
  readonly id: string;
  readonly kind: "internet" | "vpn" | "carrier" | "transit" | "peering" | "forwarder" | "load-balancer";
  /** The blocks behind it; null if any address may be. */
  readonly cidrs: readonly string[] | null;
  /** Subnets in which it has an interface: what it brings there passes no network ACL. */
  readonly subnetIds: readonly string[];
}

/** What surrounds an interface in its VPC. */
export interface VpcSurroundings {
  /** All blocks of the VPC; null if they were not read. */
  readonly cidrs: readonly string[] | null;
  readonly gateways: readonly Gateway[];
  /** Kinds of gateways that could not be read, as clauses: each may be there, and lead anywhere. */
  readonly unread: readonly string[];
}

/** An interface as it was read. A field that is left out is not known. */
export interface ReachInterface {
  readonly id: string;
  readonly subnetId: string;
  /** Blocks of the interface's subnet, in which network ACLs do not apply. None if they were not read. */
  readonly subnetCidrs: readonly string[];
  /** Public or Elastic IPv4 address. */
  readonly publicAddress: string | null;
  /** Whether it has an IPv6 address or prefix, which anybody on the internet reaches through an internet gateway. */
  readonly hasIpv6: boolean;
  /** Rules of all its groups at the cut. They prove nothing: a flow may be older. */
  readonly rulesBefore: readonly GroupRule[];
  /** Why nobody knows the rules at the cut, as a clause; null if they are known. */
  readonly unknownBefore: string | null;
  /** Rules of all its groups as they are now. */
  readonly rulesNow: readonly GroupRule[];
  /** Who manages the interface, if not the account: only they may change it. */
  readonly managedBy: string | null;
  /** Whether its flows were converted. That proves nothing: what slept through it lives. */
  readonly isConverted: boolean;
  readonly aclId: string;
  readonly aclEntries: readonly AclEntry[];
  readonly routes: readonly RouteLine[];
  /** Addresses in the VPC whose flows AWS always tracks: load balancers, endpoints, NAT gateways. */
  readonly autoTrackedPeers: readonly string[];
  /** The rules that it had during the whole time. Null: nobody read them. */
  readonly history?: RuleHistory | null;
  readonly vpc?: VpcSurroundings | null;
  /** Whether AWS drops packets that are not from or to an address of the interface. Without, every address is a peer. */
  readonly checksAddresses?: boolean;
  /** Whether its instance is stopped and not hibernated, read after the cut. */
  readonly isStopped?: boolean;
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

/** Peers of which complete flow logs show no accepted packet for longer than a flow with them can last. */
export interface Silence {
  /** Blocks of the silent peers. */
  readonly peers: readonly string[];
  /** The silent stretch, in milliseconds since 1970. */
  readonly from: number;
  readonly until: number;
  /** When the stretch is long enough, in milliseconds since 1970; null if it is. */
  readonly dueAt: number | null;
  /** SHA-256 hashes of the pages that it rests on. */
  readonly pages: readonly string[];
}

export interface Described {
  readonly instanceId: string;
  readonly interfaces: readonly ReachInterface[];
  readonly indications: readonly Indication[];
  /** As of when the account was read, in milliseconds since 1970. */
  readonly asOf?: number;
  /** What flow logs show; null if there are none that are complete. */
  readonly silentPeers?: (interfaceId: string, protocol: FlowProtocol) => Silence | null;
}
