import type { Finding } from "../../core/finding.ts";
import { covers, formatCidr, parseCidr } from "../../reachability/cidr.ts";

/** More than this looks like a scan or a mistake, and would fill a NACL of 20 entries. */
export const MOST_ADDRESSES = 8;

/** Ranges that no attacker on the internet can have, and that somebody on our side may. */
const RESERVED = [
  { cidrs: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"], what: "a private address" },
  { cidrs: ["127.0.0.0/8", "::1/128"], what: "a loopback address" },
  { cidrs: ["169.254.0.0/16", "fe80::/10"], what: "a link-local address, where AWS's own services are" },
  { cidrs: ["224.0.0.0/4", "ff00::/8"], what: "a multicast address" },
  { cidrs: ["100.64.0.0/10"], what: "an address of a carrier's shared range" },
  {
    cidrs: ["0.0.0.0/8", "240.0.0.0/4", "::/128", "::ffff:0:0/96", "64:ff9b::/96"],
    what: "not an address of a single host",
  },
] as const;

/** The remote addresses that findings name, each once, in one spelling. Callers of AWS's API are none: no packet of theirs passes here. */
export function namedAddresses(findings: readonly Finding[]): readonly string[] {
  const named = findings
    .filter(({ channel }) => channel !== "credentials")
    .flatMap(({ remoteAddresses }) => remoteAddresses.map(({ address }) => oneSpelling(address)));
  return [...new Set(named)];
}

/** An address in one spelling: two cases that name it must claim the same member. */
export function oneSpelling(address: string): string {
  const parsed = parseCidr(address);
  return parsed === null ? address : formatCidr(parsed);
}

/** The block that holds this address alone, as AWS writes it. */
export function blockOf(address: string): string {
  return `${address}/${address.includes(":") ? 128 : 32}`;
}

/** Why an address is never denied automatically; null where it may be. */
export function reasonNotDenied(address: string, neverDeny: readonly string[]): string | null {
  if (parseCidr(address) === null) return "it is not an address that a network ACL takes";
  const reserved = RESERVED.find(({ cidrs }) => cidrs.some((cidr) => isIn(address, cidr)));
  if (reserved !== undefined) return `${reserved.what}: never denied automatically`;
  const network = neverDeny.find((cidr) => isIn(address, cidr));
  return network === undefined ? null : `it lies in ${network}, which the settings never deny`;
}

/** Whether a block holds the address. */
export function isIn(address: string, cidr: string): boolean {
  const [inner, outer] = [parseCidr(address), parseCidr(cidr)];
  return inner !== null && outer !== null && covers(outer, inner);
}
