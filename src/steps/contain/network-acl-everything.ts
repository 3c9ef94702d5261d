import { z } from "zod";
import { addDeny, addEntry, removeEntry, type AclEntry } from "../../aws/network-acls.ts";
import type { Sender } from "../../aws/sender.ts";
import { CordonError, Refusal } from "../../core/errors.ts";
import { sameJson } from "../../core/json.ts";
import { directions, entryAt, lowestAllowOf, STALE_READS_MS, type Direction } from "./remote-addresses-entries.ts";
import { roomFor, type Displaced, type WhenFull } from "./network-acl-room.ts";

const direction = z.enum(["ingress", "egress"]);

const entry = z.strictObject({
  direction,
  number: z.int(),
  action: z.enum(["allow", "deny"]),
  protocol: z.string(),
  cidr: z.string(),
  ports: z.strictObject({ from: z.int(), to: z.int() }).nullable(),
  icmp: z.strictObject({ type: z.int(), code: z.int() }).nullable(),
});

/** What we put on a NACL to deny everything, and what we moved for it. Times are milliseconds since 1970. */
export const everythingRecord = z.strictObject({
  denies: z.array(z.strictObject({ direction, number: z.int(), cidr: z.string(), at: z.number() })),
  displaced: z.array(z.strictObject({ entry, to: z.int().nullable(), at: z.number() })),
});

export type EverythingRecord = z.infer<typeof everythingRecord>;

type Deny = EverythingRecord["denies"][number];
type Moved = EverythingRecord["displaced"][number];

/** Everything of each family. */
export const EVERYWHERE = ["0.0.0.0/0", "::/0"] as const;

export interface Hold {
  readonly ec2: Sender;
  readonly aclId: string;
  readonly now: number;
  readonly entries: readonly AclEntry[];
  readonly record: EverythingRecord;
  /** Recorded durably before it returns. */
  readonly save: (record: EverythingRecord) => Promise<void>;
}

/** Puts our denies of everything below every allow, both ways and for both families. */
export async function holdEverything(hold: Hold, whenFull: WhenFull): Promise<EverythingRecord> {
  let record = hold.record;
  for (const way of directions) record = await holdWay({ ...hold, record }, way, { whenFull, spare: Infinity });
  return record;
}

async function holdWay(
  hold: Hold,
  way: Direction,
  room: { readonly whenFull: WhenFull; readonly spare: number },
): Promise<EverythingRecord> {
  const { ec2, aclId, now, record } = hold;
  // An earlier attempt may have died before it had moved them all.
  const unmoved = record.displaced.filter(
    (moved) => moved.entry.direction === way && isSame(entryAt(hold.entries, moved.entry), moved.entry),
  );
  for (const each of descending(unmoved)) await displace(ec2, aclId, each);

  const view = viewOf(hold, way);
  const ours = record.denies.filter((deny) => deny.direction === way);
  const isHeld = (cidr: string): boolean =>
    ours.some(
      (deny) => deny.cidr === cidr && isDeny(entryAt(hold.entries, deny), cidr) && deny.number < lowestAllowOf(view),
    );
  if (room.spare === Infinity && EVERYWHERE.every(isHeld)) return record;

  const others = view.filter((each) => !ours.some((deny) => deny.number === each.number && isDeny(each, deny.cidr)));
  const found = roomFor(others, room);
  if (found === null) throw noRoom(aclId, way, room);
  const wanted = EVERYWHERE.map((cidr, index) => ({
    direction: way,
    number: found.numbers[index] ?? 0,
    cidr,
    at: now,
  }));
  const next: EverythingRecord = {
    denies: merged(record.denies, wanted),
    displaced: [...record.displaced, ...found.displaced.map((each) => movedOf(each, now))],
  };
  await hold.save(next);
  for (const each of descending(found.displaced)) await displace(ec2, aclId, each);

  const answers = await Promise.all(wanted.map((deny) => addDeny(ec2, { aclId, ...deny })));
  const unsure = wanted.filter(
    (deny, index) => answers[index] === "taken" && !isDeny(entryAt(hold.entries, deny), deny.cidr),
  );
  if (unsure.length > 0) throw new CordonError("propagation_pending", { resource: aclId });
  if (answers.includes("full")) {
    const spare = answers.filter((answer) => answer !== "full").length;
    return holdWay({ ...hold, record: next }, way, { whenFull: room.whenFull, spare });
  }
  return next;
}

/** Takes our denies away, and gives back what made room for them. Entries of others stay. */
export async function liftEverything(hold: Hold): Promise<void> {
  const { ec2, aclId, now, entries, record } = hold;
  const isSeen = (deny: Deny): boolean => isDeny(entryAt(entries, deny), deny.cidr);
  await Promise.all(record.denies.filter(isSeen).map((deny) => removeEntry(ec2, { aclId, ...deny })));
  const lost: AclEntry[] = [];
  for (const { entry: original, to, at } of ascending(record.displaced)) {
    const came = await addEntry(ec2, aclId, original);
    if (came !== "added" && !isBack(entries, original, { came, at, now })) lost.push(original);
    if (to !== null && isSame(entryAt(entries, { ...original, number: to }), { ...original, number: to }))
      await removeEntry(ec2, { aclId, direction: original.direction, number: to });
  }
  // A read may not show yet what we wrote a moment ago: looked for again, rather than left behind.
  const unseen = record.denies.some((deny) => entryAt(entries, deny) === null && now - deny.at < STALE_READS_MS);
  if (unseen) throw new CordonError("propagation_pending", { resource: aclId });
  if (lost.length > 0) {
    const expected = lost.map(inWords).join(", ");
    throw new Refusal("changed_since", { resource: aclId, expected, observed: "another entry under the same number" });
  }
  await hold.save({ denies: [], displaced: [] });
}

/** The entries of one direction as they are once AWS shows what we did: what we displaced is gone. */
function viewOf({ entries, record }: Hold, way: Direction): readonly AclEntry[] {
  const isLeaving = (each: AclEntry): boolean => record.displaced.some((moved) => isSame(each, moved.entry));
  return entries.filter((each) => each.direction === way && each.number <= HIGHEST_NUMBER && !isLeaving(each));
}

/** The implicit last entries have numbers above it. */
const HIGHEST_NUMBER = 32_766;

/** Copies it to its new number first, so that it is there at any time. */
async function displace(ec2: Sender, aclId: string, { entry: original, to }: Displaced): Promise<void> {
  if (to !== null) await addEntry(ec2, aclId, { ...original, number: to });
  await removeEntry(ec2, { aclId, direction: original.direction, number: original.number });
}

function isBack(
  entries: readonly AclEntry[],
  original: AclEntry,
  { came, at, now }: { readonly came: "taken" | "full"; readonly at: number; readonly now: number },
): boolean {
  if (came === "full") return false;
  const present = entryAt(entries, original);
  if (present !== null) return isSame(present, original);
  if (now - at < STALE_READS_MS) return true; // Taken, and not shown: by our own earlier attempt.
  return false;
}

function merged(known: readonly Deny[], wanted: readonly Deny[]): Deny[] {
  return [...known.filter((deny) => !wanted.some((other) => isAt(deny, other))), ...wanted];
}

function isAt(left: Deny, right: Deny): boolean {
  return left.direction === right.direction && left.number === right.number;
}

function movedOf({ entry: original, to }: Displaced, at: number): Moved {
  return { entry: structuredClone(original) as Moved["entry"], to, at };
}

/** From the highest number down: each moves to a place that is free by then. */
function descending<Each extends Displaced>(displaced: readonly Each[]): readonly Each[] {
  return displaced.toSorted((left, right) => right.entry.number - left.entry.number);
}

function ascending(displaced: readonly Moved[]): readonly Moved[] {
  return displaced.toSorted((left, right) => left.entry.number - right.entry.number);
}

function isDeny(present: AclEntry | null, cidr: string): boolean {
  return present !== null && present.action === "deny" && present.protocol === "-1" && present.cidr === cidr;
}

function isSame(present: AclEntry | null, wanted: AclEntry): boolean {
  return (
    present !== null && sameJson(structuredClone(present) as Moved["entry"], structuredClone(wanted) as Moved["entry"])
  );
}

function noRoom(aclId: string, way: Direction, { whenFull, spare }: { whenFull: WhenFull; spare: number }): Refusal {
  const why =
    spare === Infinity
      ? `no two rule numbers are free below its first allow (${way})`
      : `it holds as many entries as its quota allows (${way})`;
  const lever =
    whenFull === "refuse"
      ? `whenFull "renumber", "remove-least" or "new-acl" makes room`
      : `whenFull "new-acl" needs none`;
  return new Refusal("claim_conflict", { resource: aclId, reason: `${why}; ${lever}` });
}

function inWords({ direction: way, number, action, cidr }: AclEntry): string {
  return `${way} ${number} ${action} ${cidr}`;
}
