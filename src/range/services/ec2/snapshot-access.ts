import type { RegionState } from "../../world/model.ts";
import type { Snapshot } from "../../world/storage-model.ts";
import type { Context } from "../handler.ts";
import { ec2Error, missingParameter, notFound } from "./errors.ts";

/** Whether an account may make volumes of a snapshot: its own, and what was shared with it or with all. */
export function maySee({ ownerId, sharedWith }: Snapshot, accountId: string): boolean {
  return ownerId === accountId || sharedWith.includes(accountId) || sharedWith.includes("all");
}

/** What reads show now of the snapshots of every account in a Region. */
export function everySnapshot({ world }: Pick<Context, "world">, regionName: string): Snapshot[] {
  return [...world.accounts.values()].flatMap(({ regions }) => {
    const region = regions.get(regionName);
    return region ? world.list(region.snapshots) : [];
  });
}

/** A snapshot that the caller may use, its own or a shared one; to anybody else it does not exist. */
export function visibleSnapshot(
  context: Context,
  { name }: Pick<RegionState, "name">,
  id: string | undefined,
): Snapshot {
  if (id === undefined) throw missingParameter("SnapshotId");
  const found = everySnapshot(context, name).find((snapshot) => snapshot.id === id);
  if (!found || !maySee(found, context.account.id)) throw notFound("snapshot", id);
  return found;
}

/** A snapshot of the caller's own; others may see it and not change it. */
export function ownSnapshot(context: Context, id: string | undefined): Snapshot {
  const { id: visibleId, ownerId } = visibleSnapshot(context, context.region, id);
  const own = context.region.snapshots.get(visibleId);
  if (!own || ownerId !== context.account.id)
    throw ec2Error("AuthFailure", `You do not own the snapshot '${visibleId}'`);
  return own;
}
