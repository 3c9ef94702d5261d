import { z } from "zod";
import { CordonError, Refusal } from "../../core/errors.ts";
import type { Json } from "../../core/json.ts";
import { sha256 } from "../../core/json.ts";
import type { Ledger, StepContext } from "../../core/step.ts";
import { STALE_READS_MS } from "./remote-addresses-entries.ts";

/** What a subnet has exactly one of, as it is now. */
export interface Present {
  readonly vpcId: string;
  /** The container's id: a route table, a network ACL. */
  readonly id: string;
  /** Null where the subnet follows its VPC's main one without an association of its own. */
  readonly associationId: string | null;
}

/** A kind of container that a subnet can be moved to: a route table, a network ACL. */
export interface ContainerKind {
  /** As the subnet has it; null where AWS shows no such subnet. */
  present(subnetId: string): Promise<Present | null>;
  /** Makes one that cuts off. The same token makes it once. */
  create(options: { readonly vpcId: string; readonly token: string; readonly insteadOf: string }): Promise<string>;
  /** `stale`: what `present` said is over. */
  point(subnetId: string, present: Present, id: string): Promise<"done" | "stale">;
  /** Takes the subnet's own association away, so that it follows the main one. */
  unpoint(present: Present): Promise<void>;
  remove(id: string): Promise<"deleted" | "missing" | "inUse">;
}

const original = z.strictObject({ id: z.string(), isImplicit: z.boolean() });

/** `at` is when it was made, in milliseconds since 1970. */
const ours = z.strictObject({ token: z.string(), id: z.string().nullable(), at: z.number() });

/**
 * Moves a subnet to a container of our own while anybody claims it, and back with the last claim. Called under the subnet's
 * lock. A subnet without an association of its own gets none on its way back.
 */
export async function reconcileSwap(
  context: StepContext,
  { subnetId, ledger, kind }: { readonly subnetId: string; readonly ledger: Ledger; readonly kind: ContainerKind },
): Promise<Json> {
  const present = await kind.present(subnetId);
  if (present === null) {
    if (ledger.claims.length === 0 && ledger.ours === null) return { container: null };
    throw new CordonError("propagation_pending", { resource: subnetId });
  }
  if (ledger.claims.length > 0) return { container: await hold(context, { subnetId, ledger, kind, present }) };
  if (ledger.ours !== null && ledger.original !== null) await giveBack(context, { subnetId, ledger, kind, present });
  return { container: null };
}

interface Swap {
  readonly subnetId: string;
  readonly ledger: Ledger;
  readonly kind: ContainerKind;
  readonly present: Present;
}

async function hold({ now, nonce }: StepContext, { subnetId, ledger, kind, present }: Swap): Promise<string> {
  const was =
    ledger.original === null
      ? { id: present.id, isImplicit: present.associationId === null }
      : original.parse(ledger.original);
  const known =
    ledger.ours === null
      ? { token: sha256(`${nonce} ${subnetId} ${now}`), id: null, at: now }
      : ours.parse(ledger.ours);
  if (ledger.ours === null) await ledger.save({ original: was, ours: known });
  const id = known.id ?? (await kind.create({ vpcId: present.vpcId, token: known.token, insteadOf: was.id }));
  if (known.id === null) await ledger.save({ original: was, ours: { ...known, id } });
  if (present.id === id) return id;
  const moved = await kind.point(subnetId, present, id);
  if (moved === "stale") throw new CordonError("propagation_pending", { resource: subnetId });
  return id;
}

async function giveBack({ now }: StepContext, { subnetId, ledger, kind, present }: Swap): Promise<void> {
  const was = original.parse(ledger.original);
  const made = ours.parse(ledger.ours);
  const { token, id: known, at } = made;
  // A process that died after making it never learned its id: the token tells.
  const id = known ?? (await kind.create({ vpcId: present.vpcId, token, insteadOf: was.id }));
  if (known === null) await ledger.save({ original: was, ours: { ...made, id } });
  if (present.id === id) {
    if (was.isImplicit) await kind.unpoint(present);
    else if ((await kind.point(subnetId, present, was.id)) === "stale")
      throw new CordonError("propagation_pending", { resource: subnetId });
  }
  const removed = await kind.remove(id);
  // In use though we read otherwise, or not to be found though it was just made: what AWS shows is stale.
  if (removed === "inUse" || (removed === "missing" && now - at < STALE_READS_MS))
    throw new CordonError("propagation_pending", { resource: id });
  if (present.id !== id && present.id !== was.id)
    throw new Refusal("changed_since", { resource: subnetId, expected: id, observed: present.id });
}
