import {
  attachInstances,
  detachInstances,
  enterStandby,
  exitStandby,
  findScalingGroup,
  groupNameOf,
  MOST_INSTANCES_A_CALL,
  setBounds,
  setScaleInProtection,
  type MemberAnswer,
  type ScalingGroup,
} from "../../aws/auto-scaling-groups.ts";
import { findInstance } from "../../aws/instances.ts";
import { CordonError, Refusal } from "../../core/errors.ts";
import type { Json } from "../../core/json.ts";
import type { Ledger, StepContext } from "../../core/step.ts";
import {
  scalingMode,
  scalingRecord,
  scalingWork,
  type ScalingRecord,
  type ScalingWork,
  type TakenMember,
} from "./auto-scaling-record.ts";

/** One look at a group, with what it is written by. */
interface Look {
  readonly context: StepContext;
  readonly group: ScalingGroup;
  readonly work: ScalingWork;
  readonly record: ScalingRecord;
  save(next: ScalingRecord): Promise<void>;
}

/**
 * Takes every claimed member out of a group, and brings those back that nobody claims any more. Called under the group's lock.
 *
 * What is meant is recorded before each call, so that a process that follows a dead one knows whom we took. Nothing here
 * lowers what the group wants, or its maximum: no instance can be ended by it.
 */
export async function reconcileMembers(context: StepContext, groupArn: string, ledger: Ledger): Promise<Json> {
  const { aws, now } = context;
  const group = await findScalingGroup(aws.autoscaling, groupNameOf(groupArn));
  if (group === null || group.arn !== groupArn) return groupIsGone(groupArn, ledger);
  const claims = ledger.claims.map(({ member, value }) => ({ instanceId: member, mode: modeOf(value) }));
  const before = ledger.ours === null ? { members: [], minSize: null } : scalingRecord.parse(ledger.ours);
  const work = scalingWork({ group, claims, record: before, now });
  const isAsked = (id: string): boolean =>
    ledger.claims.some((claim) => claim.member === id && claim.case === context.case.id);
  refuseLost(groupArn, work.lost.filter(isAsked));

  const bringBack = withRoom(group, await withoutEnded(context, work.bringBack), now);
  const members = [...work.keep, ...work.wait, ...work.take, ...bringBack, ...work.restoreProtection];
  const record: ScalingRecord = { members, minSize: before.minSize };
  const save = (next: ScalingRecord): Promise<void> =>
    ledger.save({ original: ledger.original ?? sizesOf(group), ours: next });
  if (work.take.length + bringBack.length + before.members.length > 0) await save(record);
  const look: Look = { context, group, work: { ...work, bringBack }, record, save };

  const minSize = await lowerMinimum(look);
  const isTaken = await take(look);
  const isBack = await giveBack(look);
  const isUnfinished = !isTaken || !isBack || work.wait.length > 0 || work.unready.some(isAsked);
  const held = [...work.keep, ...work.take];
  const left = await restoreMinimum({ ...look, record: { ...record, minSize } }, { held, isUnfinished });
  if (isUnfinished) throw new CordonError("propagation_pending", { resource: groupArn });
  if (before.members.length > 0) await save({ members: held, minSize: left });
  return { members: held.map(({ instanceId, mode }) => ({ instanceId, mode })) };
}

function groupIsGone(groupArn: string, ledger: Ledger): Json {
  if (ledger.claims.length === 0) return { members: [] }; // There is nothing to bring an instance back to.
  throw new Refusal("claim_conflict", { resource: groupArn, reason: "the group is gone, and its instances with it" });
}

function modeOf(value: Json): TakenMember["mode"] {
  return scalingMode.parse((value as { readonly mode?: unknown } | null)?.mode);
}

function sizesOf({ minSize, maxSize, desiredCapacity }: ScalingGroup): Json {
  return { minSize, maxSize, desiredCapacity };
}

function refuseLost(groupArn: string, lost: readonly string[]): void {
  if (lost.length === 0) return;
  const reason = `it is ending ${lost.join(", ")} already, and AWS has no call that stops it`;
  throw new Refusal("claim_conflict", { resource: groupArn, reason });
}

/** Those that still exist. A group takes back only what runs: who is stopped must be started first. */
async function withoutEnded(context: StepContext, members: readonly TakenMember[]): Promise<readonly TakenMember[]> {
  const detached = members.filter(({ mode }) => mode === "detach");
  const states = await Promise.all(detached.map(({ instanceId }) => findInstance(context.aws.ec2, instanceId)));
  const ended = detached.filter((_, index) =>
    ["terminated", "shutting-down"].includes(states[index]?.state ?? "terminated"),
  );
  const idle = detached.filter((_, index) => ["stopping", "stopped"].includes(states[index]?.state ?? ""));
  if (idle.length > 0) {
    const reason = `${idle.map(({ instanceId }) => instanceId).join(", ")} does not run, and a group takes back only what runs; start it, then release again`;
    throw new Refusal("precondition_unmet", { step: "protect.auto-scaling", reason });
  }
  return members.filter((member) => !ended.includes(member));
}

/** Reckons how far the maximum must reach for those that are called back for the first time. */
function withRoom(group: ScalingGroup, members: readonly TakenMember[], now: number): readonly TakenMember[] {
  const room = group.desiredCapacity + members.length;
  return members.map((member) =>
    member.phase === "returning" ? member : { ...member, phase: "returning", at: now, room },
  );
}

/** Standby lowers what the group wants, and AWS refuses that below its minimum. */
async function lowerMinimum({ context, group, work, record, save }: Look): Promise<ScalingRecord["minSize"]> {
  const standby = work.take.filter(({ mode }) => mode === "standby").length;
  const needed = Math.max(0, group.desiredCapacity - standby);
  if (standby === 0 || group.minSize <= needed) return record.minSize;
  const before = isForeign(group, record.minSize) ? null : record.minSize;
  const minSize = meaning(before ?? { original: group.minSize, ours: [] }, needed);
  await save({ ...record, minSize });
  await setBounds(context.aws.autoscaling, group.name, { minSize: needed });
  return minSize;
}

/** Protects from scale-in first: should AWS refuse to take a member out, the group at least does not choose it. */
async function take({ context, group, work }: Look): Promise<boolean> {
  const { autoscaling } = context.aws;
  const bare = work.take.filter(({ instanceId }) => !isProtected(group, instanceId));
  const isDone = await inCalls(bare, (ids) =>
    setScaleInProtection(autoscaling, group.name, { ids, isProtected: true }),
  );
  if (!isDone) return false;
  const by = (mode: TakenMember["mode"]): readonly TakenMember[] => work.take.filter((member) => member.mode === mode);
  const answers = await Promise.all([
    inCalls(by("detach"), (ids) => detachInstances(autoscaling, group.name, ids)),
    inCalls(by("standby"), (ids) => enterStandby(autoscaling, group.name, ids)),
  ]);
  return answers.every(Boolean);
}

/**
 * Makes room first, then brings back: what the group wants rises by itself with each. What was called back is in service
 * only a little later, so that whoever asks is told to look again.
 */
async function giveBack({ context, group, work }: Look): Promise<boolean> {
  const { autoscaling } = context.aws;
  const { bringBack, restoreProtection } = work;
  const room = Math.max(0, ...bringBack.map((member) => member.room ?? 0));
  if (room > group.maxSize) await setBounds(autoscaling, group.name, { maxSize: room });
  const by = (mode: TakenMember["mode"]): readonly TakenMember[] => bringBack.filter((member) => member.mode === mode);
  const isRestored = await Promise.all([
    inCalls(by("detach"), (ids) => attachInstances(autoscaling, group.name, ids)),
    inCalls(by("standby"), (ids) => exitStandby(autoscaling, group.name, ids)),
    ...[true, false].map((isProtected) =>
      inCalls(
        restoreProtection.filter(({ wasProtected }) => wasProtected === isProtected),
        (ids) => setScaleInProtection(autoscaling, group.name, { ids, isProtected }),
      ),
    ),
  ]);
  return isRestored.every(Boolean) && bringBack.length === 0;
}

/** The minimum goes back as far as what is left allows: above what the group wants, it would launch. */
async function restoreMinimum(
  { context, group, record, save }: Look,
  { held, isUnfinished }: { readonly held: readonly TakenMember[]; readonly isUnfinished: boolean },
): Promise<ScalingRecord["minSize"]> {
  const { minSize } = record;
  if (minSize === null || isUnfinished || held.some(({ phase, at }) => phase === "taking" && at === context.now))
    return minSize;
  if (isForeign(group, minSize)) return null;
  const standby = held.filter(({ mode }) => mode === "standby").length;
  const wanted = standby === 0 ? minSize.original : Math.min(minSize.original, group.desiredCapacity);
  if (standby > 0 && wanted === group.minSize) return minSize;
  const next = meaning(minSize, wanted);
  await save({ ...record, minSize: next });
  await setBounds(context.aws.autoscaling, group.name, { minSize: wanted });
  return standby === 0 ? null : next;
}

type LoweredMinimum = NonNullable<ScalingRecord["minSize"]>;

/** Values that we remember to have meant: more than one is only there after a crash. */
const KEPT_VALUES = 4;

function meaning({ original, ours }: LoweredMinimum, value: number): LoweredMinimum {
  return { original, ours: [...ours.filter((each) => each !== value), value].slice(-KEPT_VALUES) };
}

/** Whether somebody has set another minimum since: then theirs counts. */
function isForeign({ minSize }: ScalingGroup, recorded: ScalingRecord["minSize"]): boolean {
  return recorded !== null && minSize !== recorded.original && !recorded.ours.includes(minSize);
}

function isProtected({ members }: ScalingGroup, id: string): boolean {
  return members.find(({ instanceId }) => instanceId === id)?.protectedFromScaleIn ?? false;
}

/** Whether AWS did it for all. Where it sees a member in another state than we read, we look again. */
async function inCalls(
  members: readonly TakenMember[],
  send: (ids: readonly string[]) => Promise<MemberAnswer>,
): Promise<boolean> {
  const ids = members.map(({ instanceId }) => instanceId);
  const calls: Promise<MemberAnswer>[] = [];
  for (let from = 0; from < ids.length; from += MOST_INSTANCES_A_CALL)
    calls.push(send(ids.slice(from, from + MOST_INSTANCES_A_CALL)));
  await Promise.allSettled(calls); // Nothing of ours may be under way when the lock is given back.
  return (await Promise.all(calls)).every(({ kind }) => kind === "done");
}
