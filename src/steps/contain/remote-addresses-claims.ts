import { z } from "zod";
import { addDeny, removeEntry, type AclEntry } from "../../aws/network-acls.ts";
import { Refusal } from "../../core/errors.ts";
import type { Sender } from "../../aws/sender.ts";
import {
  directions,
  entryAt,
  freeNumber,
  isDenied,
  isOurDeny,
  lowestAllow,
  STALE_READS_MS,
  type Slot,
} from "./remote-addresses-entries.ts";
import { blockOf } from "./remote-addresses-policy.ts";

/** One of our denies of an address. */
export const ourEntry = z.strictObject({
  address: z.string(),
  direction: z.enum(["ingress", "egress"]),
  number: z.int(),
  /** When we meant to write it, in milliseconds since 1970. */
  at: z.number(),
});

export type OurEntry = z.infer<typeof ourEntry>;

interface Work {
  readonly keep: readonly OurEntry[];
  readonly add: readonly OurEntry[];
  /** Ours, seen, and of no use any more. */
  readonly remove: readonly OurEntry[];
  /** Of no use either, written a moment ago and not seen: looked for again. */
  readonly await: readonly OurEntry[];
  /** Addresses for which no number is left below an allow. */
  readonly blocked: readonly string[];
}

/** What is to be denied on a NACL, and what is known of it. */
export interface AddressDenies {
  readonly ec2: Sender;
  readonly aclId: string;
  readonly now: number;
  /** As read, without what denies everything for a while: these denies must hold when that goes. */
  readonly entries: readonly AclEntry[];
  /** Numbers that are in use besides. */
  readonly taken: readonly Slot[];
  readonly addresses: readonly string[];
  readonly recorded: readonly OurEntry[];
  /** Recorded durably before it returns. */
  readonly save: (ours: readonly OurEntry[]) => Promise<void>;
}

/** What became of them. The others were written before one is refused: an address that is blocked costs no other its deny. */
export interface DeniedAddresses {
  readonly entries: readonly OurEntry[];
  /** For them no number is free below an allow. */
  readonly blocked: readonly string[];
  /** For them the NACL has no entry left. */
  readonly full: readonly string[];
  /** A write of ours is not seen yet: look again. */
  readonly isPending: boolean;
}

/**
 * Writes the denies of all claimed addresses on a NACL and takes away those that nobody claims. Called under the NACL's lock.
 * Entries of others are read and never touched.
 */
export async function reconcileDenies(asked: AddressDenies): Promise<DeniedAddresses> {
  const { ec2, aclId } = asked;
  const work = workFor(asked);
  const { keep, add, remove } = work;
  if (add.length + remove.length > 0) await asked.save([...keep, ...work.await, ...remove, ...add]);

  const added = await allEnded(add.map((entry) => addDeny(ec2, { aclId, cidr: blockOf(entry.address), ...entry })));
  const full = add.filter((_, index) => added[index] === "full");
  const halves = add.filter(
    (entry, index) => added[index] === "added" && full.some(({ address }) => address === entry.address),
  );
  const away = [...remove, ...halves];
  await allEnded(away.map((entry) => removeEntry(ec2, { aclId, ...entry })));
  const entries = [...keep, ...add.filter((entry) => !full.includes(entry) && !halves.includes(entry))];
  if (away.length + full.length > 0) await asked.save([...entries, ...work.await]);
  return {
    entries,
    blocked: work.blocked,
    full: full.map(({ address }) => address),
    isPending: work.await.length > 0 || added.includes("taken"),
  };
}

function workFor({ entries, taken: others, addresses, recorded, now }: AddressDenies): Work {
  const isSeen = (entry: OurEntry): boolean => {
    const present = entryAt(entries, entry);
    return present !== null && isOurDeny(present, entry.address);
  };
  // In a place that somebody else's entry has taken, ours is gone.
  const alive = recorded.filter((entry) => isSeen(entry) || entryAt(entries, entry) === null);
  const keep: OurEntry[] = [];
  const add: OurEntry[] = [];
  const blocked: string[] = [];
  for (const address of addresses) {
    const wanted: OurEntry[] = [];
    let hasRoom = true;
    for (const direction of directions) {
      const ours = alive.filter((entry) => entry.address === address && entry.direction === direction);
      const limit = lowestAllow(entries, direction, address);
      const good = ours.find((entry) => isSeen(entry) && isDenied(entries, direction, address) && entry.number < limit);
      if (good !== undefined) keep.push(good);
      if (good !== undefined || isDenied(entries, direction, address)) continue;
      const meant = ours.find((entry) => !isSeen(entry) && entry.number < limit);
      const taken: readonly Slot[] = [...others, ...alive, ...keep, ...add, ...wanted];
      const number = meant?.number ?? freeNumber(entries, { direction, address, taken });
      if (number === null) hasRoom = false;
      else wanted.push({ address, direction, number, at: now });
    }
    if (hasRoom) add.push(...wanted);
    else blocked.push(address);
  }
  const isPlaced = ({ direction, number }: OurEntry): boolean =>
    [...keep, ...add].some((entry) => entry.direction === direction && entry.number === number);
  const rest = alive.filter((entry) => !isPlaced(entry));
  // Somebody's later allow may leave a claimed address no room: what stands for it still denies something, and stays.
  const over = rest.filter(({ address }) => !blocked.includes(address));
  return {
    keep: [...keep, ...rest.filter(({ address }) => blocked.includes(address))],
    add,
    remove: over.filter(isSeen),
    await: over.filter((entry) => !isSeen(entry) && now - entry.at < STALE_READS_MS),
    blocked,
  };
}

/**
 * An address that does not fit both ways is refused, and nothing new is left behind for it.
 *
 * @throws Refusal `claim_conflict`
 */
export function refuseAddresses(aclId: string, blocked: readonly string[], full: readonly string[]): void {
  const lever =
    "the instance is still sealed by its security groups; what AWS already tracks ends with contain.tracked-connections or by stopping the instance";
  if (blocked.length > 0) {
    const reason = `no rule number is free below the first one that allows ${blocked.join(", ")}; ${lever}`;
    throw new Refusal("claim_conflict", { resource: aclId, reason });
  }
  if (full.length > 0) {
    const names = [...new Set(full)].join(", ");
    const reason = `it holds as many entries as its quota allows, and the deny of ${names} does not fit; ${lever}`;
    throw new Refusal("claim_conflict", { resource: aclId, reason });
  }
}

/** Waits for all, also where one fails: nothing of ours may be under way when the lock is given back. */
async function allEnded<Value>(calls: readonly Promise<Value>[]): Promise<readonly Value[]> {
  await Promise.allSettled(calls);
  return Promise.all(calls);
}
