/** What AWS does not document, made explicit. The defaults are the worst for who contains. */
export interface NetworkOptions {
  /**
   * Whether a lowered idle timer reaches entries that exist already. AWS's documentation does not say; the default is
   * that they keep the timers they were made with.
   */
  readonly loweredTimeoutAppliesTo: "new-flows" | "all-flows";
  /**
   * Whether a tracked flow becomes untracked when one of its packets passes while the groups permit everything both
   * ways. AWS's own runbooks rely on it, AWS's Security Incident Response page contradicts them, and a practitioner
   * found that it fails for flows without a packet in that window; so does the default.
   */
  readonly openWindowConverts: "flows-with-a-packet" | "nothing";
  /** How long ICMP entries live without a packet: not documented. */
  readonly icmpTimeoutSeconds: number;
}

export const DEFAULT_NETWORK_OPTIONS: NetworkOptions = {
  loweredTimeoutAppliesTo: "new-flows",
  openWindowConverts: "flows-with-a-packet",
  icmpTimeoutSeconds: 600,
};
