import type { Context } from "../services/handler.ts";
import { text, type ActionRow } from "./action-row.ts";
import { at, created, describes, passesRole, together, touches, type Input, type Resources } from "./actions-ec2.ts";

const volumesOfInstance: Resources = ({ region }: Context, input: Input) => {
  const { InstanceId } = (input["InstanceSpecification"] ?? {}) as { readonly InstanceId?: string };
  const instance = region.instances.get(text(InstanceId));
  return [
    ["instance", text(InstanceId)],
    ...(instance?.blockDevices ?? []).map(({ volumeId }) => ["volume", volumeId] as const),
  ];
};

const sourceOfVolume: Resources = (_, input) =>
  input["SnapshotId"] === undefined ? [] : [["snapshot", text(input["SnapshotId"])]];

const mappedSnapshots: Resources = (_, input) =>
  ((input["BlockDeviceMappings"] ?? []) as readonly { readonly Ebs?: { readonly SnapshotId?: string } }[]).flatMap(
    ({ Ebs }) => (Ebs?.SnapshotId === undefined ? [] : [["snapshot", Ebs.SnapshotId] as const]),
  );

/** What a launch is made of and what it makes: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ExamplePolicies_EC2.html */
const launchedWith: Resources = (context, input) => {
  const [network] = (input["NetworkInterfaces"] ?? []) as readonly {
    readonly SubnetId?: string;
    readonly Groups?: readonly string[];
  }[];
  const groups = network?.Groups ?? ((input["SecurityGroupIds"] ?? []) as readonly string[]);
  return [
    ["instance", "*"],
    ["volume", "*"],
    ["network-interface", "*"],
    ["image", text(input["ImageId"])],
    ["subnet", text(network?.SubnetId ?? input["SubnetId"])],
    ...groups.map((id) => ["security-group", id] as const),
    ...(typeof input["KeyName"] === "string" ? [["key-pair", input["KeyName"]] as const] : []),
    ...mappedSnapshots(context, input),
  ];
};

/**
 * What EC2 checks for launches, volumes, snapshots, images, the console and endpoints, with the resource types that AWS lists for each:
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
 */
export const STORAGE_ACTIONS: Readonly<Record<string, ActionRow>> = Object.fromEntries([
  describes("DescribeFlowLogs"),
  describes("DescribeImages"),
  describes("DescribeLockedSnapshots"),
  describes("DescribeSnapshots"),
  describes("DescribeVpcEndpoints"),
  touches("AttachVolume", together(at("instance", "InstanceId"), at("volume", "VolumeId"))),
  touches("CopySnapshot", together(created("snapshot"), at("snapshot", "SourceSnapshotId"))),
  touches("CreateImage", together(created("image"), at("instance", "InstanceId"), created("snapshot"))),
  touches("CreateSnapshot", together(created("snapshot"), at("volume", "VolumeId"))),
  touches("CreateSnapshots", together(created("snapshot"), volumesOfInstance)),
  touches("CreateVolume", together(created("volume"), sourceOfVolume)),
  touches("DeleteSnapshot", at("snapshot", "SnapshotId")),
  touches("DeleteVolume", at("volume", "VolumeId")),
  touches("DeregisterImage", at("image", "ImageId")),
  touches("DescribeSnapshotAttribute", at("snapshot", "SnapshotId")),
  touches("DetachVolume", together(at("instance", "InstanceId"), at("volume", "VolumeId"))),
  touches("GetConsoleOutput", at("instance", "InstanceId")),
  touches("GetConsoleScreenshot", at("instance", "InstanceId")),
  touches("LockSnapshot", at("snapshot", "SnapshotId")),
  touches("ModifyImageAttribute", at("image", "ImageId")),
  touches("ModifySnapshotAttribute", at("snapshot", "SnapshotId")),
  touches("RegisterImage", together(created("image"), mappedSnapshots)),
  touches("RunInstances", launchedWith, passesRole),
  touches("UnlockSnapshot", at("snapshot", "SnapshotId")),
] satisfies (readonly [string, ActionRow])[]);
