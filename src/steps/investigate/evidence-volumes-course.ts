import { z } from "zod";
import { attachVolume, deleteVolume, detachVolume, findVolume } from "../../aws/evidence-volumes.ts";
import { volumesOf } from "../../aws/volumes.ts";
import { findWorkstation } from "../../aws/workstations.ts";
import type { Change } from "../../core/change.ts";
import { Refusal } from "../../core/errors.ts";
import type { Json } from "../../core/json.ts";
import { done, later, type RunResult, type StepContext } from "../../core/step.ts";

/** A volume that we made, and when. */
export interface Volume {
  readonly volumeId: string;
  readonly at: number;
}

export type VolumeChange = Pick<
  Change<null, { workstation: string; zone: string; volumeId: string; position: number }>,
  "id" | "resource" | "after"
>;

const made = z.object({ volumeId: z.string(), at: z.number() });

/** The volume that a progress or an outcome tells of. */
export function volumeOf(told: Json | null): Volume | null {
  return made.safeParse(told).data ?? null;
}

/** So long may AWS keep what it has made out of a reader's sight. */
const STALE_READS_MS = 60_000;
const PATIENCE_MS = 86_400_000;

/** An hour to let go of a volume that somebody has mounted. */
const DETACHING_MS = 3_600_000;

/**
 * Names for data volumes, in AWS's order of recommendation; the system shows others, and which is which by the volume's id.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/device_naming.html
 */
const DEVICES: readonly string[] = [
  ..."fghijklmnop".split("").map((letter) => `/dev/sd${letter}`),
  ..."abcdefghijklmnopqrstuvwxyz".split("").map((letter) => `/dev/xvdb${letter}`),
  ..."abcdefghijklmnopqrstuvwxyz".split("").map((letter) => `/dev/xvdc${letter}`),
];

/** Attaches a volume once it is there, under a name that is free then. */
export async function attachWhenReady(
  { aws, now }: StepContext,
  { after: { workstation, position } }: VolumeChange,
  volume: Volume,
): Promise<RunResult> {
  const again = (afterMs: number): RunResult => later({ ...volume }, { afterMs, withinMs: PATIENCE_MS });
  const end = (problem: string): RunResult => done({ ...volume, problem });
  const [seen, host] = await Promise.all([findVolume(aws.ec2, volume.volumeId), findWorkstation(aws.ec2, workstation)]);
  if (host === null || host.state === "terminated" || host.state === "shutting-down")
    return end(`the workstation is ${host?.state ?? "gone"}`);
  if (seen === null && now - volume.at < STALE_READS_MS) return again(3_000);
  if (seen === null || seen.state === "error")
    return end("AWS made no volume of the snapshot: its key cannot be used, or somebody deleted it");
  if (seen.attachment?.instanceId === workstation) return done({ ...volume, device: seen.attachment.device });
  if (seen.attachment !== null) return end(`somebody attached it to ${seen.attachment.instanceId}`);
  if (seen.state !== "available") return again(3_000);
  const used = (await volumesOf(aws.ec2, workstation)).map(({ device }) => device);
  const free = DEVICES.filter((name) => !used.includes(name));
  // Its own place in the order where that is free: volumes of one case do not run after the same name.
  const device = free.find((name) => name === DEVICES[position]) ?? free[position % Math.max(1, free.length)];
  if (device === undefined) return end("the workstation has no device name left");
  const attached = await attachVolume(aws.ec2, { volumeId: volume.volumeId, instanceId: workstation, device });
  if (attached.kind === "refused") return end(attached.reason);
  return attached.kind === "attached" ? done({ ...volume, device }) : again(attached.kind === "taken" ? 1_000 : 5_000);
}

/** Takes the volume off the workstation and deletes it: we made it, and the snapshot stays. */
export async function giveBack(
  { aws, now }: StepContext,
  { resource, after: { workstation } }: VolumeChange,
  volume: Volume,
): Promise<RunResult> {
  const { volumeId } = volume;
  const again = later({ ...volume }, { afterMs: 5_000, withinMs: DETACHING_MS });
  const seen = await findVolume(aws.ec2, volumeId);
  if (seen === null) return now - volume.at < STALE_READS_MS ? again : done();
  if (seen.snapshotId !== resource)
    throw new Refusal("changed_since", {
      resource: volumeId,
      expected: `made of ${resource}`,
      observed: seen.snapshotId === null ? "made of nothing" : `made of ${seen.snapshotId}`,
    });
  const { attachment } = seen;
  if (attachment !== null && attachment.instanceId !== workstation)
    throw new Refusal("changed_since", {
      resource: volumeId,
      expected: `attached to ${workstation}`,
      observed: `attached to ${attachment.instanceId}`,
    });
  if (attachment !== null) {
    if (attachment.state !== "detaching")
      await detachVolume(aws.ec2, { volumeId, instanceId: workstation, byForce: attachment.state === "busy" });
    return again;
  }
  if (seen.state === "creating") return again;
  return (await deleteVolume(aws.ec2, volumeId)) === "inUse" ? again : done();
}
