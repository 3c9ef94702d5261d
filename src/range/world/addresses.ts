/** An IP address as a number. */
export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** A range of addresses. */
export interface AddressRange extends Address {
  readonly prefix: number;
}

/** `null` when the text is no IP address. */
export function parseAddress(text: string): Address | null {
  return text.includes(":") ? parseV6(text) : parseV4(text);
}

/** `null` when the text is no CIDR range; host bits are cleared, as AWS does. */
export function parseRange(cidr: string): AddressRange | null {
  const [base = "", bits = "", ...rest] = cidr.split("/");
  const address = parseAddress(base);
  if (!address || rest.length > 0 || !/^\d{1,3}$/.test(bits)) return null;
  const prefix = Number(bits);
  const width = address.family === 4 ? 32 : 128;
  if (prefix > width) return null;
  const hostBits = BigInt(width - prefix);
  return { family: address.family, value: (address.value >> hostBits) << hostBits, prefix };
}

/** Whether the range contains the address; never across families. */
export function rangeContains(cidr: string, ip: string): boolean {
  const range = parseRange(cidr);
  const address = parseAddress(ip);
  if (!range || !address || range.family !== address.family) return false;
  const hostBits = BigInt((range.family === 4 ? 32 : 128) - range.prefix);
  return address.value >> hostBits === range.value >> hostBits;
}

/** Whether the range is every address of its family. */
export function isEveryAddress(cidr: string): boolean {
  return parseRange(cidr)?.prefix === 0;
}

/** The address `offset` places into the range. */
export function addressAt(cidr: string, offset: number): string {
  const range = parseRange(cidr);
  if (!range) throw new TypeError(`not a CIDR range: ${cidr}`);
  return formatAddress({ family: range.family, value: range.value + BigInt(offset) });
}

export function formatAddress({ family, value }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join(".");
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - index * 16)) & 0xffffn).toString(16));
  const zeros = /(?:^|:)0(?::0)+(?=:|$)/g;
  const longest = [...groups.join(":").matchAll(zeros)].sort((left, right) => right[0].length - left[0].length)[0];
  const text = groups.join(":");
  if (!longest) return text;
  const before = text.slice(0, longest.index);
  const after = text.slice(longest.index + longest[0].length).replace(/^:/, "");
  return `${before}::${after}`;
}

function parseV4(text: string): Address | null {
  const parts = text.split(".");
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255)) return null;
  return { family: 4, value: parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n) };
}

function parseV6(text: string): Address | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail] = halves.map((half) => (half === "" ? [] : half.split(":"))) as [string[], string[] | undefined];
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail ? missing < 1 : missing !== 0) return null;
  const groups = [...head, ...Array<string>(tail ? missing : 0).fill("0"), ...(tail ?? [])];
  if (groups.some((group) => !/^[0-9a-fA-F]{1,4}$/.test(group))) return null;
  return { family: 6, value: groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n) };
}
