import { z } from "zod";
import { createImage, findImage } from "../../aws/images.ts";
import { findInstance } from "../../aws/instances.ts";
import { volumesOf } from "../../aws/volumes.ts";
import { Refusal } from "../../core/errors.ts";
import { collected, defineCollection, later } from "../../core/step.ts";
import { evidenceTags } from "./evidence-tags.ts";

const id = "preserve.machine-image";

/**
 * Makes an image of the instance, from which it can be started again as it was.
 *
 * Never with a reboot: that is what AWS does unless it is told otherwise, and it would lose the memory. An image of a running
 * system is as its disks are at that moment. It comes after the snapshots, which are the evidence proper: the image takes
 * snapshots of its own, and AWS makes one of a volume in 15 seconds.
 *
 * The image carries the intruder's changes and the public keys of the instance. Start it only where it can reach nobody.
 */
export const machineImage = defineCollection({
  id,
  title: "Make an image without a reboot",
  needs: ["preserve.volume-snapshots"],
  settlesWithinMs: 60_000,
  permissions: {
    target: {
      plan: ["ec2:DescribeInstances", "ec2:DescribeVolumes"],
      collect: ["ec2:CreateImage", "ec2:CreateTags", "ec2:DescribeImages"],
      verify: ["ec2:DescribeImages"],
    },
  },
  input: z.strictObject({}),
  item: z.strictObject({ name: z.string() }),

  async plan({ aws, nonce, target: { instanceId, account, region } }) {
    const [instance, volumes] = await Promise.all([findInstance(aws.ec2, instanceId), volumesOf(aws.ec2, instanceId)]);
    if (instance === null) throw new Refusal("instance_not_found", { instanceId, account, region });
    const reason = refusal(instance.state, volumes.length);
    if (reason !== null) return { items: [], left: [{ resource: instanceId, reason }] };
    const name = `cordon-${instanceId}-${nonce.slice(0, 12)}`;
    return { items: [{ resource: instanceId, details: { name } }], left: [] };
  },

  async collect(context, { resource, details: { name } }) {
    const {
      aws,
      now,
      target,
      case: { id: caseId },
    } = context;
    const made = await createImage(aws.ec2, {
      instanceId: resource,
      name,
      description: `Evidence of ${resource}, case ${caseId}. Compromised: start it only in isolation.`,
      tags: evidenceTags(context, id),
    });
    if (made.kind === "busy") return later({ busy: made.reason }, { afterMs: 15_000, withinMs: 3_600_000 });
    return collected({
      kind: "machine-image",
      location: `arn:aws:ec2:${target.region}::image/${made.imageId}`,
      sha256: null, // It lies with AWS in blocks of snapshots.
      bytes: null,
      readAt: now,
      lineage: { imageId: made.imageId, name, instanceId: resource, rebooted: false },
      lock: null,
    });
  },

  async verify({ aws }, { resource }, artifacts) {
    const what = `image of ${resource}`;
    const expected = "one image, pending or available";
    const [artifact] = artifacts;
    if (artifact === undefined) return { kind: "notYet", what, expected, observed: null };
    const image = await findImage(aws.ec2, artifact.location.slice(artifact.location.lastIndexOf("/") + 1));
    if (image === null) return { kind: "notYet", what, expected, observed: "AWS shows none" };
    const isKept = image.state === "pending" || image.state === "available";
    const observed = `${image.id} ${image.state}${image.stateMessage === null ? "" : `: ${image.stateMessage}`}`;
    return { kind: isKept ? "ok" : "failed", what, expected, observed };
  },
});

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html */
function refusal(state: string, volumes: number): string | null {
  if (volumes === 0) return "it has no EBS volume: AWS makes images of such instances only from inside them";
  if (state === "running" || state === "stopped") return null;
  return `it is ${state}: AWS makes images of running and of stopped instances`;
}
