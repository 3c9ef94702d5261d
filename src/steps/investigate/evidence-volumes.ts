import { z } from "zod";
import { createVolume, findVolume } from "../../aws/evidence-volumes.ts";
import { attachmentLimit, type AttachmentLimit } from "../../aws/launch-facts.ts";
import { snapshotsById } from "../../aws/snapshots.ts";
import { volumesOf } from "../../aws/volumes.ts";
import { defineStep, done, expectThat, later, type ChangeView } from "../../core/step.ts";
import { sha256 } from "../../core/json.ts";
import { snapshotsOfCase, snapshotsStep } from "../preserve/case-snapshots.ts";
import { evidenceTags } from "../preserve/evidence-tags.ts";
import { attachWhenReady, giveBack, type VolumeChange, volumeOf } from "./evidence-volumes-course.ts";
import { forensicWorkstation } from "./forensic-workstation.ts";
import { workstationOutcome } from "./workstation-claims.ts";

const id = "investigate.evidence-volumes";

const after = z.strictObject({
  workstation: z.string(),
  zone: z.string(),
  /** The volume that was saved, and the device that it was there. */
  volumeId: z.string(),
  sizeGiB: z.number(),
  encrypted: z.boolean(),
  kmsKeyId: z.string().nullable(),
  /** Which of the case's volumes it is: the device names are dealt out by it. */
  position: z.int(),
  keep: z.boolean(),
});

/** A snapshot of a large volume takes hours to complete. */
const PATIENCE_MS = 86_400_000;

/**
 * Makes volumes of the case's snapshots and attaches them to the incident's workstation. Attached, never mounted: what is on
 * them is the examiner's to look at, and the snapshots stay what they are.
 *
 * AWS makes volumes of completed snapshots only: the step waits. A volume of an encrypted snapshot lies under the same key;
 * whoever runs this needs the right to use that key, and AWS tells of a key that cannot be used by the volume's coming to
 * nothing. A workstation takes a limited number of volumes: what is beyond it is named and left.
 *
 * On release a volume is detached and deleted, by force where somebody has it mounted. One that somebody attached elsewhere
 * is wanted, and left.
 */
export const evidenceVolumes = defineStep({
  id,
  title: "Attach the saved volumes to the workstation",
  needs: [forensicWorkstation.id, snapshotsStep],
  reversible: "equivalently",
  notRestored: "With `workstation.keep` the volumes stay, attached to the workstation that stays.",
  settlesWithinMs: 120_000,
  permissions: {
    target: {
      plan: ["ec2:DescribeInstanceTypes", "ec2:DescribeSnapshots", "ec2:DescribeVolumes"],
      run: [
        "ec2:AttachVolume",
        "ec2:CreateTags",
        "ec2:CreateVolume",
        "ec2:DescribeInstances",
        "ec2:DescribeSnapshots",
        "ec2:DescribeVolumes",
      ],
      verify: ["ec2:DescribeVolumes"],
      revert: [
        "ec2:CreateTags",
        "ec2:CreateVolume",
        "ec2:DeleteVolume",
        "ec2:DescribeSnapshots",
        "ec2:DescribeVolumes",
        "ec2:DetachVolume",
      ],
    },
  },
  input: z.strictObject({}),
  change: { before: z.null(), after },

  async plan(context) {
    const { aws, outcomes, target, settings } = context;
    const workstation = workstationIn(outcomes[forensicWorkstation.id] ?? []);
    if (workstation === null)
      return {
        changes: [],
        left: [{ resource: target.instanceId, reason: "there is no workstation to attach them to" }],
      };
    const { instanceId, instanceType, zone } = workstation;
    const [{ snapshots, left }, attached, limit] = await Promise.all([
      snapshotsOfCase(context),
      volumesOf(aws.ec2, instanceId),
      attachmentLimit(aws.ec2, instanceType),
    ]);
    const begun = new Set((outcomes[id] ?? []).map(({ change }) => change.resource));
    const room = roomOn(limit, attached.length) + snapshots.filter((each) => begun.has(each.id)).length;
    const changes = snapshots.slice(0, room).map((snapshot, position) => ({
      resource: snapshot.id,
      attribute: "volume",
      before: null,
      after: {
        workstation: instanceId,
        zone,
        volumeId: snapshot.volumeId,
        sizeGiB: snapshot.sizeGiB,
        encrypted: snapshot.encrypted,
        kmsKeyId: snapshot.kmsKeyId,
        position,
        keep: settings.workstation?.keep ?? false,
      },
      blastRadius: {
        what: `Makes a gp3 volume of ${snapshot.sizeGiB} GiB, which costs until the release.`,
        resources: [],
      },
    }));
    return {
      changes,
      left: [
        ...left,
        ...snapshots.slice(room).map((snapshot) => ({
          resource: snapshot.id,
          reason: `${instanceType} takes no more than ${limit?.maximum ?? 0} attachments, and ${instanceId} has them`,
        })),
      ],
    };
  },

  async run(context, change, progress) {
    const volume = volumeOf(progress);
    if (volume !== null) return attachWhenReady(context, change, volume);
    const { aws, now } = context;
    const [snapshot] = await snapshotsById(aws.ec2, [change.resource]);
    if (snapshot?.state === "pending")
      return later({ waitsFor: snapshot.id }, { afterMs: 30_000, withinMs: PATIENCE_MS });
    if (snapshot?.state !== "completed")
      return done({
        problem: `the snapshot is ${snapshot?.state ?? "gone"}: ${snapshot?.stateMessage ?? "AWS gives no reason"}`,
      });
    const made = await createVolume(aws.ec2, newVolume(context, change));
    if (made.kind === "refused") return done({ problem: made.reason });
    return later({ volumeId: made.volumeId, at: now }, { afterMs: 3_000, withinMs: PATIENCE_MS });
  },

  async verify({ aws }, { resource, after: { workstation } }, outcome) {
    const what = `volume of ${resource} on ${workstation}`;
    const volume = volumeOf(outcome);
    const { problem = null } = troubled.parse(outcome);
    if (volume === null || problem !== null)
      return { kind: "failed", what, expected: "attached", observed: problem ?? "none was made" };
    const seen = await findVolume(aws.ec2, volume.volumeId);
    const { attachment } = seen ?? { attachment: null };
    const isOn = attachment?.instanceId === workstation && attachment.state === "attached";
    const observed = attachment === null ? "not attached" : `${attachment.state} to ${attachment.instanceId}`;
    return expectThat(what, isOn, { expected: "attached", observed: isOn ? "attached" : observed });
  },

  async revert(context, change, outcome) {
    if (change.after.keep) return done();
    const known = volumeOf(outcome);
    if (known !== null) return giveBack(context, change, known);
    // Nobody wrote down what the run made. The same call again says it; of a snapshot that is not completed there is none.
    const [snapshot] = await snapshotsById(context.aws.ec2, [change.resource]);
    if (snapshot?.state !== "completed" || troubled.safeParse(outcome).data?.problem !== undefined) return done();
    const made = await createVolume(context.aws.ec2, newVolume(context, change));
    if (made.kind === "refused") return done();
    return giveBack(context, change, { volumeId: made.volumeId, at: context.now });
  },
});

const troubled = z.object({ problem: z.string().optional() });

/** The case's workstation, once it has been seen. */
function workstationIn(views: readonly ChangeView[]): z.infer<typeof workstationOutcome> | null {
  const standing = views.find(({ state }) => state === "applied" || state === "verified");
  return standing === undefined ? null : (workstationOutcome.safeParse(standing.outcome).data ?? null);
}

/** How many volumes still fit. On a shared limit its one interface and the disks of the host count as well. */
function roomOn(limit: AttachmentLimit | null, attached: number): number {
  if (limit === null) return 0;
  const others = limit.isShared ? 1 + limit.hostDisks : 0;
  return Math.max(0, limit.maximum - others - attached);
}

function newVolume(
  context: Parameters<typeof evidenceTags>[0],
  change: VolumeChange,
): Parameters<typeof createVolume>[1] {
  return {
    token: sha256(`${context.nonce} ${change.id}`),
    snapshotId: change.resource,
    zone: change.after.zone,
    tags: { ...evidenceTags(context, id), "cordon:source": change.resource, "cordon:volume": change.after.volumeId },
  };
}
