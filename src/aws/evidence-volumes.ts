import {
  AttachVolumeCommand,
  CreateVolumeCommand,
  DeleteVolumeCommand,
  DescribeVolumesCommand,
  DetachVolumeCommand,
} from "@aws-sdk/client-ec2";
import { AwsCallError, hasAwsCode } from "./aws-call-error.ts";
import type { Sender } from "./sender.ts";

/** A volume that was made of a snapshot. */
export interface MadeVolume {
  readonly id: string;
  /** `creating`, `available`, `in-use`, `deleting`, `error`, or what AWS adds to these. */
  readonly state: string;
  readonly snapshotId: string | null;
  /** Where it is attached, or being attached or detached; null where it is nowhere. */
  readonly attachment: {
    readonly instanceId: string;
    readonly device: string;
    /** `attaching`, `attached`, `detaching`, `busy`. */
    readonly state: string;
  } | null;
}

export interface NewVolume {
  readonly token: string;
  readonly snapshotId: string;
  readonly zone: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** AWS will not do it, whenever it is asked, and says why. */
interface Refused {
  readonly kind: "refused";
  readonly reason: string;
}

/**
 * Makes a volume of a completed snapshot, or gives the one that an earlier call under the token made.
 *
 * A volume of an encrypted snapshot is encrypted under the same key, and whoever asks needs the right to use that key.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html
 */
export async function createVolume(
  ec2: Sender,
  { token, snapshotId, zone, tags }: NewVolume,
): Promise<{ readonly kind: "made"; readonly volumeId: string } | Refused> {
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  try {
    const { VolumeId } = await ec2.send(
      new CreateVolumeCommand({
        ClientToken: token,
        SnapshotId: snapshotId,
        AvailabilityZone: zone,
        VolumeType: "gp3",
        TagSpecifications: [{ ResourceType: "volume", Tags }],
      }),
    );
    return VolumeId === undefined
      ? { kind: "refused", reason: "AWS answered without the volume's id" }
      : { kind: "made", volumeId: VolumeId };
  } catch (error) {
    return refusedBy(error);
  }
}

/** Reads a volume; null where AWS shows none (not yet, or no more). */
export async function findVolume(ec2: Sender, id: string): Promise<MadeVolume | null> {
  const { Volumes = [] } = await ec2.send(
    new DescribeVolumesCommand({ Filters: [{ Name: "volume-id", Values: [id] }] }),
  );
  const [volume] = Volumes;
  if (volume === undefined) return null;
  const [attachment] = (volume.Attachments ?? []).filter(({ State }) => State !== "detached");
  return {
    id,
    state: volume.State ?? "unknown",
    snapshotId: volume.SnapshotId === undefined || volume.SnapshotId === "" ? null : volume.SnapshotId,
    attachment:
      attachment?.InstanceId === undefined
        ? null
        : {
            instanceId: attachment.InstanceId,
            device: attachment.Device ?? "unknown",
            state: attachment.State ?? "unknown",
          },
  };
}

/**
 * Attaches a volume under a device name. `taken`: another volume has the name by now. `notYet`: volume or instance is not
 * there so soon. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AttachVolume.html
 */
export async function attachVolume(
  ec2: Sender,
  { volumeId, instanceId, device }: { readonly volumeId: string; readonly instanceId: string; readonly device: string },
): Promise<{ readonly kind: "attached" | "taken" | "notYet" } | Refused> {
  try {
    await ec2.send(new AttachVolumeCommand({ VolumeId: volumeId, InstanceId: instanceId, Device: device }));
    return { kind: "attached" };
  } catch (error) {
    if (hasAwsCode(error, "InvalidParameterValue") && /in use/i.test(error.message)) return { kind: "taken" };
    // VolumeInUse: an earlier call attached it whose answer was lost.
    const early = ["IncorrectState", "InvalidInstanceID.NotFound", "InvalidVolume.NotFound", "VolumeInUse"];
    if (hasAwsCode(error, ...early)) return { kind: "notYet" };
    return refusedBy(error);
  }
}

/**
 * Takes a volume off an instance. By force only where the instance does not let go of it by itself, which it does not while
 * somebody has it mounted: what was written to it since is lost.
 */
export async function detachVolume(
  ec2: Sender,
  {
    volumeId,
    instanceId,
    byForce,
  }: { readonly volumeId: string; readonly instanceId: string; readonly byForce: boolean },
): Promise<void> {
  try {
    await ec2.send(
      new DetachVolumeCommand({ VolumeId: volumeId, InstanceId: instanceId, ...(byForce ? { Force: true } : {}) }),
    );
  } catch (error) {
    // It was let go of meanwhile, or goes with its instance, which is ending: whoever looks again sees it.
    const over = ["IncorrectState", "InvalidAttachment.NotFound", "InvalidVolume.NotFound", "IncorrectInstanceState"];
    if (!hasAwsCode(error, ...over)) throw error;
  }
}

/** Deletes a volume. `inUse`: it is attached, whatever was read. */
export async function deleteVolume(ec2: Sender, volumeId: string): Promise<"deleted" | "gone" | "inUse"> {
  try {
    await ec2.send(new DeleteVolumeCommand({ VolumeId: volumeId }));
    return "deleted";
  } catch (error) {
    if (hasAwsCode(error, "InvalidVolume.NotFound")) return "gone";
    if (hasAwsCode(error, "VolumeInUse", "IncorrectState")) return "inUse";
    throw error;
  }
}

/** A refusal that stays one; a fault that passes is thrown on. */
function refusedBy(error: unknown): Refused {
  if (error instanceof AwsCallError && !error.isTransient) return { kind: "refused", reason: error.message };
  throw error;
}
