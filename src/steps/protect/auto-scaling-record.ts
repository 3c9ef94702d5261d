import { z } from "zod";
import type { ScalingGroup, ScalingGroupMember } from "../../aws/auto-scaling-groups.ts";

export const scalingMode = z.enum(["detach", "standby"]);

const taken = z.strictObject({
  instanceId: z.string(),
  mode: scalingMode,
  /** Whether the owner had protected it from scale-in before we did. */
  wasProtected: z.boolean(),
  phase: z.enum(["taking", "returning"]),
  /** When we meant to make the call, in milliseconds since 1970. */
  at: z.number(),
  /** The maximum that the group needs to take it back, once we meant to bring it back: reckoned once, as later reads may be stale. */
  room: z.int().nullable(),
});

/** What the ledger keeps about a group: the members that we took, and the minimum that we lowered for them. */
export const scalingRecord = z.strictObject({
  members: z.array(taken),
  /** `ours`: the last values that we meant to set; a crash leaves any of them. */
  minSize: z.strictObject({ original: z.int(), ours: z.array(z.int()) }).nullable(),
});

export type ScalingRecord = z.infer<typeof scalingRecord>;
export type TakenMember = z.infer<typeof taken>;

/** What somebody claims of a group. */
export interface ScalingClaim {
  readonly instanceId: string;
  readonly mode: z.infer<typeof scalingMode>;
}

/** What is to be done about a group's members now. */
export interface ScalingWork {
  /** In service, and claimed: to be taken out. */
  readonly take: readonly TakenMember[];
  /** Out, and claimed no longer: to be brought back. */
  readonly bringBack: readonly TakenMember[];
  /** Back in service: to be given the scale-in protection that they had. */
  readonly restoreProtection: readonly TakenMember[];
  /** Taken, and claimed still. */
  readonly keep: readonly TakenMember[];
  /** On their way from one state to another, or read before our own write was seen: looked at again. */
  readonly wait: readonly TakenMember[];
  /** Claimed, and on their way to their end: nothing brings them back. */
  readonly lost: readonly string[];
  /** Claimed, not taken by us, and in a state from which AWS takes nobody out yet. */
  readonly unready: readonly string[];
}

/** A read may lag behind our write for this long: only later does the old state count. */
const STALE_READS_MS = 60_000;

/** Compares what is claimed with what the group shows and what we recorded. */
export function scalingWork(seen: {
  readonly group: Pick<ScalingGroup, "members">;
  readonly claims: readonly ScalingClaim[];
  readonly record: ScalingRecord;
  readonly now: number;
}): ScalingWork {
  const { group, claims, record, now } = seen;
  const work = { take: [], bringBack: [], restoreProtection: [], keep: [], wait: [], lost: [], unready: [] } as {
    -readonly [Part in keyof ScalingWork]: ScalingWork[Part][number][];
  };
  const memberOf = (id: string): ScalingGroupMember | null =>
    group.members.find(({ instanceId }) => instanceId === id) ?? null;
  for (const claim of claims) {
    const ours = record.members.find(({ instanceId }) => instanceId === claim.instanceId) ?? null;
    sortClaimed(work, { claim, ours, member: memberOf(claim.instanceId), now });
  }
  for (const ours of record.members)
    if (!claims.some(({ instanceId }) => instanceId === ours.instanceId))
      sortReturning(work, { ours, member: memberOf(ours.instanceId), now });
  return work;
}

type Parts = { -readonly [Part in keyof ScalingWork]: ScalingWork[Part][number][] };

function sortClaimed(
  work: Parts,
  seen: {
    readonly claim: ScalingClaim;
    readonly ours: TakenMember | null;
    readonly member: ScalingGroupMember | null;
    readonly now: number;
  },
): void {
  const { claim, ours, member, now } = seen;
  const state = member?.lifecycleState ?? "gone";
  if (state === "InService") {
    const wasProtected = ours?.wasProtected ?? member?.protectedFromScaleIn ?? false;
    work.take.push({ ...claim, wasProtected, phase: "taking", at: now, room: null });
  } else if (ours !== null) {
    // Claimed anew while it was on its way back: it is taken once it is there.
    const isReturning = ours.phase === "returning" || state.startsWith("Pending");
    (isReturning ? work.wait : work.keep).push(ours);
  } else if (state.startsWith("Terminating")) work.lost.push(claim.instanceId);
  else if (state !== "gone" && state !== "Standby" && state !== "EnteringStandby" && state !== "Detaching")
    work.unready.push(claim.instanceId);
  // Somebody else took it out, before us or instead of us: it is theirs to bring back.
}

function sortReturning(
  work: Parts,
  seen: { readonly ours: TakenMember; readonly member: ScalingGroupMember | null; readonly now: number },
): void {
  const { ours, member, now } = seen;
  const state = member?.lifecycleState ?? "gone";
  if (state === "InService") {
    if (ours.phase === "taking" && now - ours.at < STALE_READS_MS) work.wait.push(ours);
    else if (member?.protectedFromScaleIn !== ours.wasProtected) work.restoreProtection.push(ours);
  } else if (state === "gone") {
    if (ours.mode === "detach") work.bringBack.push(ours);
  } else if (state === "Standby") {
    if (ours.mode === "standby") work.bringBack.push(ours);
  } else if (!state.startsWith("Terminating")) work.wait.push(ours);
  // Ended by the group, or by its owner: nothing is left to bring back.
}
