import type { Image as SdkImage, Snapshot as SdkSnapshot } from "@aws-sdk/client-ec2";
import type { Session } from "../world/identity.ts";
import { createActor, type ActorOptions, type Attacker } from "./attacker.ts";
import type { Answer, CallAws } from "./aws-caller.ts";

export interface SaboteurOptions extends Omit<ActorOptions, "everyMs" | "kind"> {
  readonly call: CallAws;
  /** A key of the account that somebody lost. */
  readonly session: Pick<Session, "accessKeyId">;
  readonly target: string;
  /** Whether he takes protections off first, as far as AWS lets him. */
  readonly isThorough: boolean;
  readonly everyMs?: number;
}

/**
 * Destroys what could be evidence, through AWS's API and with a stolen key of the account: every snapshot and image that the
 * account owns, and the instance.
 *
 * Containment of an instance does not reach him. What he cannot destroy is what evidence is worth.
 */
export function createSaboteur(options: SaboteurOptions): Attacker {
  const { call, session, target, isThorough } = options;
  const ec2 = (operation: string, input: Record<string, unknown>): Answer =>
    call({ service: "ec2", accessKeyId: session.accessKeyId, operation, input });
  return createActor(
    { everyMs: 45_000, ...options, kind: "third-party" },
    {
      begin() {},
      beat() {
        for (const ImageId of imagesIn(ec2("DescribeImages", { Owners: ["self"] })))
          ec2("DeregisterImage", { ImageId });
        for (const SnapshotId of snapshotsIn(ec2("DescribeSnapshots", { OwnerIds: ["self"] }))) {
          if (isThorough) ec2("UnlockSnapshot", { SnapshotId });
          ec2("DeleteSnapshot", { SnapshotId });
        }
        if (isThorough)
          for (const attribute of ["DisableApiTermination", "DisableApiStop"])
            ec2("ModifyInstanceAttribute", { InstanceId: target, [attribute]: { Value: false } });
        ec2("TerminateInstances", { InstanceIds: [target] });
        return null;
      },
    },
  );
}

function imagesIn(answer: Answer): readonly string[] {
  const images = answer.isAllowed ? (answer.output["Images"] as readonly SdkImage[]) : [];
  return images.flatMap(({ ImageId }) => ImageId ?? []);
}

function snapshotsIn(answer: Answer): readonly string[] {
  const snapshots = answer.isAllowed ? (answer.output["Snapshots"] as readonly SdkSnapshot[]) : [];
  return snapshots.flatMap(({ SnapshotId }) => SnapshotId ?? []);
}
