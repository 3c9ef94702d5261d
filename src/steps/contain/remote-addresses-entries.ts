import type { AclEntry } from "../../aws/network-acls.ts";
import { formatCidr, parseCidr } from "../../reachability/cidr.ts";
import { blockOf, isIn } from "./remote-addresses-policy.ts";

export type Direction = AclEntry["direction"];

export const directions: readonly Direction[] = ["ingress", "egress"];

/** An entry's place: one number per direction. */
export interface Slot {
  readonly direction: Direction;
  readonly number: number;
}

/**
 * Whether every packet of this direction from or to the address is denied, whatever its protocol and ports.
 *
 * Entries are tried in ascending order and the first match wins; what matches none is denied.
 * https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html
 */
export function isDenied(entries: readonly AclEntry[], direction: Direction, address: string): boolean {
  const decisive = entries
    .filter((entry) => entry.direction === direction && isIn(address, entry.cidr))
    .sort((left, right) => left.number - right.number)
    .find(({ action, protocol }) => action === "allow" || protocol === "-1");
  return decisive?.action !== "allow";
}

/** Whether nothing of a family passes in this direction. */
export function isAllDenied(entries: readonly AclEntry[], direction: Direction, everywhere: string): boolean {
  const isV6 = everywhere.includes(":");
  const decisive = entries
    .filter((entry) => entry.direction === direction && entry.cidr.includes(":") === isV6)
    .sort((left, right) => left.number - right.number)
    .find(({ action, protocol, cidr }) => action === "allow" || (protocol === "-1" && cidr === everywhere));
  return decisive?.action !== "allow";
}

/** The highest number below every allow that could match the address and not in use; null where there is none. */
export function freeNumber(
  entries: readonly AclEntry[],
  {
    direction,
    address,
    taken,
  }: { readonly direction: Direction; readonly address: string; readonly taken: readonly Slot[] },
): number | null {
  const used = new Set(
    [...entries, ...taken].filter((slot) => slot.direction === direction).map(({ number }) => number),
  );
  for (let number = lowestAllow(entries, direction, address) - 1; number >= 1; number--) {
    if (!used.has(number)) return number;
  }
  return null;
}

/** The number of the first entry that may let a packet of the address through. */
export function lowestAllow(entries: readonly AclEntry[], direction: Direction, address: string): number {
  const allows = entries.filter(
    (entry) => entry.direction === direction && entry.action === "allow" && isIn(address, entry.cidr),
  );
  return Math.min(HIGHEST_NUMBER + 1, ...allows.map(({ number }) => number));
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html */
const HIGHEST_NUMBER = 32_766;

/** The number of the first allow of a list. */
export function lowestAllowOf(entries: readonly AclEntry[]): number {
  const allows = entries.filter(({ action }) => action === "allow");
  return Math.min(HIGHEST_NUMBER + 1, ...allows.map(({ number }) => number));
}

/** A read may lag behind our write for this long: only later does an absence count. https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html */
export const STALE_READS_MS = 60_000;

export function entryAt(entries: readonly AclEntry[], { direction, number }: Slot): AclEntry | null {
  return entries.find((entry) => entry.direction === direction && entry.number === number) ?? null;
}

/** Whether an entry is what we write for an address: a deny of everything, for it alone. */
export function isOurDeny({ action, protocol, cidr }: AclEntry, address: string): boolean {
  return action === "deny" && protocol === "-1" && normal(cidr) === normal(blockOf(address));
}

function normal(cidr: string): string {
  const parsed = parseCidr(cidr);
  return parsed === null ? cidr : formatCidr(parsed);
}
