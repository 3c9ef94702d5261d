import { z } from "zod";
import { findAcl, type AclEntry, type NetworkAcl } from "../../aws/network-acls.ts";
import { CordonError } from "../../core/errors.ts";
import type { Json } from "../../core/json.ts";
import type { Claim, Ledger, StepContext } from "../../core/step.ts";
import { everythingRecord, holdEverything, liftEverything, type EverythingRecord } from "./network-acl-everything.ts";
import type { WhenFull } from "./network-acl-room.ts";
import { ourEntry, reconcileDenies, refuseAddresses } from "./remote-addresses-claims.ts";
import { entryAt } from "./remote-addresses-entries.ts";

/** What the ledger of a NACL keeps: one for all steps that claim something of it. */
const record = z.strictObject({ addresses: z.array(ourEntry), everything: everythingRecord });

type Record = z.infer<typeof record>;

const NOTHING: Record = { addresses: [], everything: { denies: [], displaced: [] } };

/** What a claim on a NACL may ask for. */
export const addressDeny = z.strictObject({ address: z.string(), action: z.literal("deny") });

const everythingDeny = z.looseObject({
  action: z.literal("deny-everything"),
  whenFull: z.enum(["renumber", "remove-least", "new-acl", "refuse"]),
});

/**
 * Writes what all claims on a NACL ask for: denies of single addresses, and of everything. Called under the NACL's lock.
 *
 * The denies of addresses are written as if nothing else were denied, and before everything is let through again, so that
 * one case's release never lifts another's cut. Entries of others are read and never lost.
 */
export async function reconcileNetworkAcl(context: StepContext, aclId: string, ledger: Ledger): Promise<Json> {
  const { aws, now } = context;
  const acl = await findAcl(aws.ec2, aclId);
  if (acl === null) {
    // What we wrote there went with it, and it filters nothing any more.
    if (ledger.claims.length === 0 || ledger.ours !== null) return { entries: [] };
    throw new CordonError("propagation_pending", { resource: aclId });
  }
  let ours: Record = ledger.ours === null ? NOTHING : record.parse(ledger.ours);
  const save = (part: Partial<Record>): Promise<void> => {
    ours = { ...ours, ...part };
    return ledger.save({ original: ledger.original ?? originalOf(acl), ours: structuredClone(ours) });
  };
  const hold = {
    ec2: aws.ec2,
    aclId,
    now,
    entries: acl.entries,
    save: (everything: EverythingRecord) => save({ everything }),
  };
  const whenFull = wayOutOf(ledger.claims);
  if (whenFull !== null) await holdEverything({ ...hold, record: ours.everything }, whenFull);

  const denied = await reconcileDenies({
    ec2: aws.ec2,
    aclId,
    now,
    entries: withoutEverything(acl.entries, ours.everything),
    taken: [...acl.entries, ...ours.everything.denies],
    addresses: [...new Set(ledger.claims.filter(isOfAddress).map(({ member }) => member))].sort(),
    recorded: ours.addresses,
    save: (addresses) => save({ addresses: addresses.map((entry) => ({ ...entry })) }),
  });
  if (denied.isPending) throw new CordonError("propagation_pending", { resource: aclId });

  const isLifted = whenFull === null && ours.everything.denies.length + ours.everything.displaced.length > 0;
  if (isLifted) await liftEverything({ ...hold, record: ours.everything });
  // Whoever asks for an address that has no room of its own is told so, also while another case denies everything: that ends.
  if (ledger.asked.every(isOfAddress)) {
    const isAsked = (address: string): boolean => ledger.asked.some(({ member }) => member === address);
    refuseAddresses(aclId, denied.blocked.filter(isAsked), denied.full.filter(isAsked));
  }
  return {
    entries: denied.entries.map(({ address, direction, number }) => ({ address, direction, number })),
    displaced: ours.everything.displaced.map(({ entry: { direction, number }, to }) => ({ direction, number, to })),
  };
}

function isOfAddress({ value }: Claim): boolean {
  return addressDeny.safeParse(value).success;
}

/** How room is made, where a claim denies everything: as the most careful of them has it. Null where none does. */
function wayOutOf(claims: readonly Claim[]): WhenFull | null {
  const asked = claims.flatMap(({ value }) => {
    const parsed = everythingDeny.safeParse(value);
    return parsed.success ? [parsed.data.whenFull] : [];
  });
  const careful: readonly WhenFull[] = ["remove-least", "renumber", "new-acl", "refuse"];
  return careful.find((way) => asked.includes(way)) ?? null;
}

/** The entries as they will be when our denies of everything are gone and what made room for them is back. */
function withoutEverything(entries: readonly AclEntry[], everything: EverythingRecord): readonly AclEntry[] {
  const { denies, displaced } = everything;
  const isOurs = (entry: AclEntry): boolean =>
    denies.some(
      ({ direction, number, cidr }) =>
        entry.direction === direction && entry.number === number && entry.action === "deny" && entry.cidr === cidr,
    );
  const isMoved = ({ direction, number }: AclEntry): boolean =>
    displaced.some(({ entry, to }) => entry.direction === direction && (to === number || entry.number === number));
  return [
    ...entries.filter((entry) => !isOurs(entry) && !isMoved(entry)),
    ...displaced.map(({ entry }) => entry),
  ].filter((entry, index, all) => all.findIndex((other) => entryAt([entry], other) !== null) === index);
}

function originalOf({ entries }: NetworkAcl): Json {
  return structuredClone(entries) as unknown as Json;
}
