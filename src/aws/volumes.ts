import { DescribeVolumesCommand, type Volume } from "@aws-sdk/client-ec2";
import { CordonError } from "../core/errors.ts";
import type { Sender } from "./sender.ts";

/** A page holds up to 500, and an instance 128 volumes at most. */
const mostPages = 10;

/** A volume as an instance has it. */
export interface AttachedVolume {
  readonly id: string;
  readonly device: string;
  readonly sizeGiB: number;
  readonly volumeType: string;
  readonly encrypted: boolean;
  /** ARN of the key; null where it is not encrypted. */
  readonly kmsKeyId: string | null;
}

/** The EBS volumes of an instance, in the order of their devices. Disks of the host are not among them. */
export async function volumesOf(ec2: Sender, instanceId: string): Promise<readonly AttachedVolume[]> {
  const found: AttachedVolume[] = [];
  let token: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const { Volumes = [], NextToken } = await ec2.send(
      new DescribeVolumesCommand({
        Filters: [{ Name: "attachment.instance-id", Values: [instanceId] }],
        MaxResults: 500,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    );
    found.push(...Volumes.flatMap((volume) => read(volume, instanceId)));
    if (NextToken === undefined || NextToken === "")
      return found.toSorted((left, right) => (left.device < right.device ? -1 : 1));
    token = NextToken;
  }
  throw new CordonError("list_without_end", { what: `volumes of ${instanceId}`, pages: String(mostPages) });
}

function read(volume: Volume, instanceId: string): readonly AttachedVolume[] {
  const attachment = volume.Attachments?.find(({ InstanceId }) => InstanceId === instanceId);
  if (volume.VolumeId === undefined || attachment === undefined) return [];
  return [
    {
      id: volume.VolumeId,
      device: attachment.Device ?? "unknown",
      sizeGiB: volume.Size ?? 0,
      volumeType: volume.VolumeType ?? "unknown",
      encrypted: volume.Encrypted ?? false,
      kmsKeyId: volume.KmsKeyId ?? null,
    },
  ];
}
