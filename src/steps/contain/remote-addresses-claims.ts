import { z } from "zod";
import { addDeny, findAcl, removeEntry, type AclEntry } from "../../aws/network-acls.ts";
import { CordonError, Refusal } from "../../core/errors.ts";
import type { Json } from "../../core/json.ts";
import type { Ledger, StepContext } from "../../core/step.ts";
import {
  directions,
  entryAt,
  freeNumber,
  isDenied,
  isOurDeny,
  lowestAllow,
  type Slot,
} from "./remote-addresses-entries.ts";
import { blockOf } from "./remote-addresses-policy.ts";

const ourEntry = z.strictObject({
  address: z.string(),
  direction: z.enum(["ingress", "egress"]),
  number: z.int(),
  /** When we meant to write it, in milliseconds since 1970. */
  at: z.number(),
});

type OurEntry = z.infer<typeof ourEntry>;

/** A read may lag behind our write for this long: only later does an absence count. https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html */
const STALE_READS_MS = 60_000;

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

/**
 * Writes the denies of all claims on a NACL and takes away those that nobody claims. Called under the NACL's lock.
 * Entries of others are read and never touched.
 */
export async function reconcileDenies(context: StepContext, aclId: string, ledger: Ledger): Promise<Json> {
  const { aws, now } = context;
  const acl = await findAcl(aws.ec2, aclId);
  const addresses = [...new Set(ledger.claims.map(({ member }) => member))].sort();
  if (acl === null) {
    if (addresses.length === 0) return { entries: [] };
    throw new CordonError("propagation_pending", { resource: aclId });
  }
  const recorded = ledger.ours === null ? [] : z.array(ourEntry).parse(ledger.ours);
  const work = workFor({ entries: acl.entries, addresses, recorded, now });
  const { keep, add, remove } = work;
  const save = (ours: readonly OurEntry[]): Promise<void> =>
    ledger.save({ original: ledger.original ?? originalOf(acl.entries), ours: ours.map((entry) => ({ ...entry })) });
  if (add.length + remove.length > 0) await save([...keep, ...work.await, ...remove, ...add]);

  const added = await allEnded(add.map((entry) => addDeny(aws.ec2, { aclId, cidr: blockOf(entry.address), ...entry })));
  const full = add.filter((_, index) => added[index] === "full");
  const halves = add.filter(
    (entry, index) => added[index] === "added" && full.some(({ address }) => address === entry.address),
  );
  const away = [...remove, ...halves];
  await allEnded(away.map((entry) => removeEntry(aws.ec2, { aclId, ...entry })));
  const rest = [...keep, ...add.filter((entry) => !full.includes(entry) && !halves.includes(entry))];
  if (away.length + full.length > 0) await save([...rest, ...work.await]);

  const isAsked = (address: string): boolean =>
    ledger.claims.some((claim) => claim.member === address && claim.case === context.case.id);
  refuse(aclId, work.blocked.filter(isAsked), full.map(({ address }) => address).filter(isAsked));
  if (work.await.length > 0 || added.includes("taken"))
    throw new CordonError("propagation_pending", { resource: aclId });
  return { entries: rest.map(({ address, direction, number }) => ({ address, direction, number })) };
}

function workFor(seen: {
  readonly entries: readonly AclEntry[];
  readonly addresses: readonly string[];
  readonly recorded: readonly OurEntry[];
  readonly now: number;
}): Work {
  const { entries, addresses, recorded, now } = seen;
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
      const taken: readonly Slot[] = [...alive, ...keep, ...add, ...wanted];
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
 * An address that does not fit both ways is refused, and nothing new is left behind for it. The others were written before:
 * one that is blocked costs no other its deny, and no other case its claim.
 */
function refuse(aclId: string, blocked: readonly string[], full: readonly string[]): void {
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

function originalOf(entries: readonly AclEntry[]): Json {
  return entries.map((entry) => ({ ...entry }));
}

/** Waits for all, also where one fails: nothing of ours may be under way when the lock is given back. */
async function allEnded<Value>(calls: readonly Promise<Value>[]): Promise<readonly Value[]> {
  await Promise.allSettled(calls);
  return Promise.all(calls);
}
