import { DescribeImagesCommand, DescribeInstanceTypesCommand, DescribeSubnetsCommand } from "@aws-sdk/client-ec2";
import type { _InstanceType as InstanceTypeName, InstanceTypeInfo } from "@aws-sdk/client-ec2";
import { hasAwsCode } from "./aws-call-error.ts";
import type { Sender } from "./sender.ts";

/** What an instance would be launched from. */
export interface LaunchWish {
  readonly image: string;
  readonly type: string;
  readonly subnet: string;
}

/** What must be known of it before. */
export interface LaunchFacts {
  readonly vpcId: string;
  readonly zone: string;
  readonly rootDevice: string;
  readonly limit: AttachmentLimit;
}

/**
 * How many volumes an instance of a type takes, its root counted. On a `shared` limit interfaces and disks of the host count
 * as well. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/volume_limits.html
 */
export interface AttachmentLimit {
  readonly maximum: number;
  readonly isShared: boolean;
  readonly hostDisks: number;
}

/** `elsewhere`: the subnet is none of this account and Region. `unfit`: nothing can be launched so, and why. */
export type LaunchLook =
  | { readonly kind: "fit"; readonly facts: LaunchFacts }
  | { readonly kind: "elsewhere" }
  | { readonly kind: "unfit"; readonly reason: string };

/** Looks whether an instance could be launched so, as far as reading tells. */
export async function lookAtLaunch(ec2: Sender, wish: LaunchWish): Promise<LaunchLook> {
  const [subnet, image, type] = await Promise.all([
    subnetOf(ec2, wish.subnet),
    imageOf(ec2, wish.image),
    typeOf(ec2, wish.type),
  ]);
  if (subnet === null) return { kind: "elsewhere" };
  const unfit = (reason: string): LaunchLook => ({ kind: "unfit", reason });
  if (image === null) return unfit(`there is no image ${wish.image} that this account may launch in this Region`);
  if (image.state !== "available") return unfit(`the image ${wish.image} is ${image.state}`);
  if (type === null) return unfit(`there is no instance type ${wish.type} in this Region`);
  const architectures: readonly string[] = type.ProcessorInfo?.SupportedArchitectures ?? [];
  if (!architectures.includes(image.architecture))
    return unfit(
      `the image ${wish.image} is for ${image.architecture}, and ${wish.type} is ${architectures.join(", ")}`,
    );
  return { kind: "fit", facts: { ...subnet, rootDevice: image.rootDevice, limit: limitOf(type) } };
}

/** How many volumes a type takes; null for a type that AWS does not know. */
export async function attachmentLimit(ec2: Sender, type: string): Promise<AttachmentLimit | null> {
  const described = await typeOf(ec2, type);
  return described === null ? null : limitOf(described);
}

/** Most Nitro types: what counts where AWS does not say. */
const USUAL_MAXIMUM = 28;

function limitOf({ EbsInfo, InstanceStorageInfo }: InstanceTypeInfo): AttachmentLimit {
  return {
    maximum: EbsInfo?.MaximumEbsAttachments ?? USUAL_MAXIMUM,
    isShared: EbsInfo?.AttachmentLimitType !== "dedicated",
    hostDisks: (InstanceStorageInfo?.Disks ?? []).reduce((sum, { Count = 1 }) => sum + Count, 0),
  };
}

async function subnetOf(ec2: Sender, id: string): Promise<{ readonly vpcId: string; readonly zone: string } | null> {
  const { Subnets = [] } = await ec2.send(
    new DescribeSubnetsCommand({ Filters: [{ Name: "subnet-id", Values: [id] }] }),
  );
  const { VpcId: vpcId, AvailabilityZone: zone } = Subnets[0] ?? {};
  return vpcId === undefined || zone === undefined ? null : { vpcId, zone };
}

async function imageOf(
  ec2: Sender,
  id: string,
): Promise<{ readonly state: string; readonly architecture: string; readonly rootDevice: string } | null> {
  const { Images = [] } = await ec2.send(new DescribeImagesCommand({ Filters: [{ Name: "image-id", Values: [id] }] }));
  const [image] = Images;
  return image === undefined
    ? null
    : {
        state: image.State ?? "unknown",
        architecture: image.Architecture ?? "unknown",
        rootDevice: image.RootDeviceName ?? "/dev/xvda",
      };
}

async function typeOf(ec2: Sender, name: string): Promise<InstanceTypeInfo | null> {
  try {
    const { InstanceTypes = [] } = await ec2.send(
      new DescribeInstanceTypesCommand({ InstanceTypes: [name as InstanceTypeName] }),
    );
    return InstanceTypes[0] ?? null;
  } catch (error) {
    if (hasAwsCode(error, "InvalidInstanceType")) return null;
    throw error;
  }
}
