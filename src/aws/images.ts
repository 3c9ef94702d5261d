import { CreateImageCommand, DescribeImagesCommand, type Image as Described } from "@aws-sdk/client-ec2";
import { CordonError } from "../core/errors.ts";
import { hasAwsCode } from "./aws-call-error.ts";
import type { Sender } from "./sender.ts";
import { snapshotsBusyCodes } from "./snapshots.ts";

export interface Image {
  readonly id: string;
  readonly name: string;
  /** `pending`, `available`, `failed`, or what AWS adds to these. */
  readonly state: string;
  /** Why it failed; null where AWS says nothing. */
  readonly stateMessage: string | null;
  /** The instance it was made of; null for an image that was registered or copied. */
  readonly sourceInstanceId: string | null;
}

export interface NewImage {
  readonly instanceId: string;
  /** Unique in the account and Region: whoever finds an image of this name has found this one. 3 to 128 characters. */
  readonly name: string;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** What a call for an image came to. `busy`: AWS makes no snapshot of one of the volumes just now. */
export type ImageStarted =
  { readonly kind: "started"; readonly imageId: string } | { readonly kind: "busy"; readonly reason: string };

/**
 * Makes an image without a reboot, or finds the one that an earlier call made whose answer was lost.
 *
 * AWS reboots the instance unless it is told not to, and its memory is gone then: there is no way here to ask for that.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html
 */
export async function createImage(
  ec2: Sender,
  { instanceId, name, description, tags }: NewImage,
): Promise<ImageStarted> {
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  try {
    const { ImageId } = await ec2.send(
      new CreateImageCommand({
        InstanceId: instanceId,
        Name: name,
        Description: description,
        NoReboot: true,
        TagSpecifications: [
          { ResourceType: "image", Tags },
          { ResourceType: "snapshot", Tags },
        ],
      }),
    );
    if (ImageId === undefined)
      throw new CordonError("answer_incomplete", { what: `AWS answered without the id of the image ${name}` });
    return { kind: "started", imageId: ImageId };
  } catch (error) {
    if (hasAwsCode(error, ...snapshotsBusyCodes)) return { kind: "busy", reason: error.message };
    if (!hasAwsCode(error, "InvalidAMIName.Duplicate")) throw error;
    const [known] = await find(ec2, "name", name);
    if (known === undefined) throw new CordonError("propagation_pending", { resource: name }, { cause: error });
    if (known.sourceInstanceId !== instanceId) throw error; // Somebody else's image has the name.
    return { kind: "started", imageId: known.id };
  }
}

/** One image of the account; null where AWS shows none, or not yet. */
export async function findImage(ec2: Sender, imageId: string): Promise<Image | null> {
  const [image] = await find(ec2, "image-id", imageId);
  return image ?? null;
}

async function find(ec2: Sender, filter: string, value: string): Promise<readonly Image[]> {
  const { Images = [] } = await ec2.send(
    new DescribeImagesCommand({ Owners: ["self"], Filters: [{ Name: filter, Values: [value] }] }),
  );
  return Images.flatMap(read);
}

function read({ ImageId, Name, State, StateReason, SourceInstanceId }: Described): readonly Image[] {
  if (ImageId === undefined) return [];
  return [
    {
      id: ImageId,
      name: Name ?? "",
      state: State ?? "unknown",
      stateMessage: StateReason?.Message ?? null,
      sourceInstanceId: SourceInstanceId ?? null,
    },
  ];
}
