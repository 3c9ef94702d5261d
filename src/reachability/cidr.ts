/** A block of addresses of one family. */
export interface Cidr {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly bits: number;
}

/** Reads an address or a block; null for anything else (a prefix list's id, a group's id). */
export function parseCidr(text: string): Cidr | null {
  const [address = "", length] = text.split("/");
  const family = address.includes(":") ? 6 : 4;
  const value = family === 4 ? parseIpv4(address) : parseIpv6(address);
  const width = widthOf(family);
  const bits = length === undefined ? width : Number(length);
  if (value === null || !Number.isInteger(bits) || bits < 0 || bits > width) return null;
  const size = BigInt(width - bits);
  return { family, first: (value >> size) << size, bits };
}

/** Whether every address of `inner` lies in `outer`. */
export function covers(outer: Cidr, inner: Cidr): boolean {
  if (outer.family !== inner.family || outer.bits > inner.bits) return false;
  const size = BigInt(widthOf(outer.family) - outer.bits);
  return outer.first >> size === inner.first >> size;
}

/** The addresses in both blocks: the smaller one, or nothing. */
export function intersection(left: Cidr, right: Cidr): Cidr | null {
  if (covers(left, right)) return right;
  return covers(right, left) ? left : null;
}

/** The addresses of `from` that are not in `taken`, as blocks. */
export function subtract(from: Cidr, taken: Cidr): readonly Cidr[] {
  if (covers(taken, from)) return [];
  if (!covers(from, taken)) return [from];
  const rest: Cidr[] = [];
  for (let bits = from.bits + 1; bits <= taken.bits; bits++) {
    const size = BigInt(widthOf(from.family) - bits);
    const sibling = ((taken.first >> size) ^ 1n) << size;
    rest.push({ family: from.family, first: sibling, bits });
  }
  return rest;
}

export function formatCidr({ family, first, bits }: Cidr): string {
  const width = widthOf(family);
  const text = family === 4 ? formatIpv4(first) : formatIpv6(first);
  return bits === width ? text : `${text}/${bits}`;
}

function widthOf(family: 4 | 6): number {
  return family === 4 ? 32 : 128;
}

function parseIpv4(text: string): bigint | null {
  const parts = text.split(".");
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255)) return null;
  return parts.reduce((value, part) => value * 256n + BigInt(part), 0n);
}

function parseIpv6(text: string): bigint | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head = [], tail = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const groups = [...head, ...Array<string>(Math.max(missing, 0)).fill("0"), ...tail];
  if (groups.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return null;
  return groups.reduce((value, group) => value * 65_536n + BigInt(`0x${group}`), 0n);
}

function formatIpv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join(".");
}

/** The longest run of zero groups is left out, as RFC 5952 has it. */
function formatIpv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  for (let length = 8; length >= 2; length--) {
    const at = groups.findIndex(
      (_, start) => start + length <= 8 && groups.slice(start, start + length).every((each) => each === "0"),
    );
    if (at >= 0) return `${groups.slice(0, at).join(":")}::${groups.slice(at + length).join(":")}`;
  }
  return groups.join(":");
}
