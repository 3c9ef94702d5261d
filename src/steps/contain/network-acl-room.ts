import type { AclEntry } from "../../aws/network-acls.ts";

/** What to do where a NACL has no room for our denies below its allows. */
export type WhenFull = "renumber" | "remove-least" | "new-acl" | "refuse";

/** An entry that makes room: under another number while we hold the NACL, or (`to` is null) out of it. */
export interface Displaced {
  readonly entry: AclEntry;
  readonly to: number | null;
}

export interface Room {
  /** Two numbers below every allow: for IPv4 and for IPv6. */
  readonly numbers: readonly [number, number];
  readonly displaced: readonly Displaced[];
}

/** Both families, in one direction. */
const NEEDED = 2;

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html */
const HIGHEST_NUMBER = 32_766;

/**
 * Finds two numbers below every allow of one direction; null where there are none and the rules must not be touched.
 *
 * Only allows are ever taken out: below our denies they do nothing, and a deny that went first would open a gap. Moved
 * entries keep their order.
 *
 * @param spare How many entries the direction still takes; Infinity where that is not known.
 */
export function roomFor(
  entries: readonly AclEntry[],
  { whenFull, spare }: { readonly whenFull: WhenFull; readonly spare: number },
): Room | null {
  const sorted = entries.toSorted((left, right) => left.number - right.number);
  if (spare >= NEEDED) {
    const numbers = freeBelow(sorted);
    if (numbers !== null) return { numbers, displaced: [] };
  }
  if (whenFull === "remove-least") return byRemoving(sorted, spare);
  // Each moved entry is there twice for a moment.
  if (whenFull === "renumber" && spare >= NEEDED + 1) return byRenumbering(sorted);
  return null;
}

/** The two lowest numbers that are free below the first allow. */
function freeBelow(sorted: readonly AclEntry[]): readonly [number, number] | null {
  const limit = sorted.find(({ action }) => action === "allow")?.number ?? HIGHEST_NUMBER + 1;
  const used = new Set(sorted.map(({ number }) => number));
  const free: number[] = [];
  for (let number = 1; number < limit && free.length < NEEDED; number++) if (!used.has(number)) free.push(number);
  const [first, second] = free;
  return first === undefined || second === undefined ? null : [first, second];
}

function byRemoving(sorted: readonly AclEntry[], spare: number): Room | null {
  const allows = sorted.filter(({ action }) => action === "allow");
  for (let count = 1; count <= allows.length; count++) {
    const out = allows.slice(0, count);
    const numbers = freeBelow(sorted.filter((entry) => !out.includes(entry)));
    if (numbers !== null && spare + count >= NEEDED)
      return { numbers, displaced: out.map((entry) => ({ entry, to: null })) };
  }
  return null;
}

function byRenumbering(sorted: readonly AclEntry[]): Room | null {
  const at = sorted.findIndex(({ action }) => action === "allow");
  const below = sorted.slice(0, at);
  let number = below.at(-1)?.number ?? 0;
  for (number++; freeBelow([...below, ...sorted.slice(at, at + 1).map((entry) => ({ ...entry, number }))]) === null;)
    number++;
  const displaced: Displaced[] = [];
  let previous = number - 1;
  for (const entry of sorted.slice(at)) {
    const to = Math.max(entry.number, previous + 1);
    if (to > HIGHEST_NUMBER) return null;
    if (to !== entry.number) displaced.push({ entry, to });
    previous = to;
  }
  const moved = sorted.map((entry) => ({
    ...entry,
    number: displaced.find((each) => each.entry === entry)?.to ?? entry.number,
  }));
  const numbers = freeBelow(moved);
  return numbers === null ? null : { numbers, displaced };
}
