/** A security group's rule, as reachability takes it. */

/** One rule of a security group, for one peer. */
export interface GroupRule {
  readonly direction: "ingress" | "egress";
  /** `tcp`, `udp`, `icmp`, `icmpv6`, a protocol number, or `-1` for all. */
  readonly protocol: string;
  /** Both null where the rule is for all ports. */
  readonly fromPort: number | null;
  readonly toPort: number | null;
  /** A CIDR block, a group's id or a prefix list's id. */
  readonly peer: string;
}
