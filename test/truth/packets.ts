/** Addresses and packets as the oracle reads them: written a second time here, so that a mistake of the product is not repeated. */

/** Whether an IPv4 or IPv6 address is inside a CIDR block; an address without a length is a block of its own. */
export function isInside(block: string, address: string): boolean {
  const [base = "", length] = block.split("/");
  const [network, host] = [toBits(base), toBits(address)];
  const bits = length === undefined ? network.length : Number(length);
  return network.length === host.length && network.slice(0, bits) === host.slice(0, bits);
}

function toBits(address: string): string {
  return address.includes(":")
    ? v6Bits(address)
    : address
        .split(".")
        .map((part) => binary(Number(part), 8))
        .join("");
}

function v6Bits(address: string): string {
  const [head = "", tail] = address.split("::");
  const groupsOf = (text: string): string[] => (text === "" ? [] : text.split(":"));
  const [before, after] = [groupsOf(head), groupsOf(tail ?? "")];
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array.from({ length: zeros }, () => "0"), ...after]
    .map((group) => binary(Number.parseInt(group, 16), 16))
    .join("");
}

function binary(value: number, width: number): string {
  return value.toString(2).padStart(width, "0");
}

/** A rule of a network ACL, for all protocols or one. */
export interface AclLine {
  readonly egress: boolean;
  readonly number: number;
  readonly protocol: string;
  readonly cidr: string | null;
  readonly allows: boolean;
  readonly isForAllPorts: boolean;
}

/** Whether an ACL surely denies every packet of a protocol from and to an address: the first line that may match decides. */
export function deniesBothWays(lines: readonly AclLine[], protocol: number, address: string): boolean {
  return [true, false].every((egress) => {
    const matching = lines
      .filter((line) => line.egress === egress && line.cidr !== null && isInside(line.cidr, address))
      .filter((line) => line.protocol === "-1" || Number(line.protocol) === protocol)
      .toSorted((one, other) => one.number - other.number);
    const [first] = matching;
    return first === undefined || (!first.allows && (first.protocol === "-1" || first.isForAllPorts));
  });
}
