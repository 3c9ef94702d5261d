import type { GroupRule } from "./described.ts";

/** Addresses that no packet on a VPC's network has: egress to them lets nothing through. */
const NOWHERE = ["127.0.0.1/32", "::1/128", "255.255.255.255/32"];

/** Whether no packet can match any of these rules. */
export function isSealed(rules: readonly GroupRule[]): boolean {
  return rules.every(({ direction, peer }) => direction === "egress" && NOWHERE.includes(peer));
}
