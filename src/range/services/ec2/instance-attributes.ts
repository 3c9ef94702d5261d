import type {
  DescribeInstanceAttributeRequest,
  InstanceAttribute,
  ModifyInstanceAttributeRequest,
} from "@aws-sdk/client-ec2";
import { notImplemented } from "../../wire/operation.ts";
import type { Instance } from "../../world/model.ts";
import { interfacesOf } from "../../world/place.ts";
import { handler, optional, type Context } from "../handler.ts";
import { ec2Error, existing, invalidValue } from "./errors.ts";
import { refuseIfManaged, wrongState } from "./instance-refusals.ts";
import { checkGroups } from "./interfaces.ts";

const ATTRIBUTES = [
  "SourceDestCheck",
  "DisableApiStop",
  "BlockDeviceMappings",
  "DisableApiTermination",
  "EbsOptimized",
  "EnaSupport",
  "Groups",
  "InstanceInitiatedShutdownBehavior",
  "InstanceType",
  "Kernel",
  "Ramdisk",
  "SriovNetSupport",
  "UserData",
] as const;

/** One attribute per call: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceAttribute.html */
const modify = handler((context, request: ModifyInstanceAttributeRequest) => {
  const input = inFull(request);
  const instance = existing(context.world, context.region.instances, { kind: "instance", id: input.InstanceId });
  if (instance.state === "terminated" || instance.state === "shutting-down") throw wrongState(instance);
  refuseIfManaged(instance);
  const given = ATTRIBUTES.filter((attribute) => input[attribute] !== undefined);
  if (given.length !== 1)
    throw ec2Error(
      "InvalidParameterCombination",
      given.length === 0 ? "No attributes specified." : "Fields for multiple attribute types specified",
    );
  if (input.Groups || input.SourceDestCheck) return modifyNetwork(context, instance, input);
  const edit = editOf(instance, input);
  context.world.change(instance, edit);
  return {};
});

/** The older form of the call, `Attribute` and `Value`, as the newer one says it. */
function inFull({ Attribute, Value, ...input }: ModifyInstanceAttributeRequest): ModifyInstanceAttributeRequest {
  const isOn = { Value: Value === "true" };
  switch (Attribute) {
    case undefined:
      return input;
    case "disableApiTermination":
      return { ...input, DisableApiTermination: isOn };
    case "disableApiStop":
      return { ...input, DisableApiStop: isOn };
    case "sourceDestCheck":
      return { ...input, SourceDestCheck: isOn };
    case "instanceInitiatedShutdownBehavior":
      return { ...input, InstanceInitiatedShutdownBehavior: { Value } };
    default:
      throw notImplemented("ec2", `ModifyInstanceAttribute for ${Attribute}`);
  }
}

function editOf(instance: Instance, input: ModifyInstanceAttributeRequest): (instance: Instance) => void {
  const {
    DisableApiTermination,
    DisableApiStop,
    InstanceInitiatedShutdownBehavior: shutdown,
    BlockDeviceMappings: devices,
    UserData,
  } = input;
  if (DisableApiTermination)
    return refuseSpot(instance, (each) => (each.disableApiTermination = DisableApiTermination.Value ?? false));
  if (DisableApiStop) {
    refuseInstanceStore(instance, "disableApiStop");
    return refuseSpot(instance, (each) => (each.disableApiStop = DisableApiStop.Value ?? false));
  }
  if (shutdown) {
    const { Value } = shutdown;
    if (Value !== "stop" && Value !== "terminate")
      throw invalidValue(Value, "instanceInitiatedShutdownBehavior", "It must be stop or terminate.");
    if (Value === "stop") refuseInstanceStore(instance, "instanceInitiatedShutdownBehavior");
    return (each) => (each.shutdownBehavior = Value);
  }
  if (devices) {
    for (const { DeviceName } of devices)
      if (!instance.blockDevices.some(({ deviceName }) => deviceName === DeviceName))
        throw ec2Error("InvalidInstanceAttributeValue", `No device is currently mapped at ${DeviceName ?? ""}`);
    return (each) => {
      for (const { DeviceName, Ebs } of devices)
        for (const device of each.blockDevices)
          if (device.deviceName === DeviceName)
            device.deleteOnTermination = Ebs?.DeleteOnTermination ?? device.deleteOnTermination;
    };
  }
  if (UserData) {
    if (instance.state !== "stopped") throw wrongState(instance);
    const text = UserData.Value === undefined ? null : Buffer.from(UserData.Value).toString("utf8");
    return (each) => (each.userData = text);
  }
  throw notImplemented("ec2", "ModifyInstanceAttribute for this attribute");
}

/** What cannot be stopped cannot be protected from it: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-stop-protection.html */
function refuseInstanceStore({ id, rootDeviceType }: Instance, attribute: string): void {
  if (rootDeviceType === "instance-store")
    throw ec2Error(
      "UnsupportedOperation",
      `The attribute '${attribute}' is not supported for the instance store-backed instance '${id}'.`,
    );
}

/** Protection is not for Spot: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_ChangingDisableAPITermination.html */
function refuseSpot(instance: Instance, edit: (instance: Instance) => void): (instance: Instance) => void {
  if (instance.spotRequest)
    throw ec2Error("UnsupportedOperation", `The attribute cannot be modified for the Spot Instance '${instance.id}'.`);
  return edit;
}

/** What stands for the instance's only interface is refused when it has several. */
function modifyNetwork(
  context: Context,
  instance: Instance,
  { Groups, SourceDestCheck }: ModifyInstanceAttributeRequest,
): Record<string, never> {
  const [primary, ...others] = interfacesOf(context, instance);
  if (!primary || others.length > 0) {
    throw ec2Error(
      "InvalidInstanceID",
      `There are multiple interfaces attached to instance '${instance.id}'. Please specify an interface ID for the operation instead.`,
    );
  }
  if (Groups) checkGroups(context, { groupIds: Groups, vpcId: primary.vpcId });
  context.world.change(primary, () => {
    if (Groups) primary.groupIds = [...new Set(Groups)];
    if (SourceDestCheck) primary.sourceDestCheck = SourceDestCheck.Value ?? primary.sourceDestCheck;
  });
  return {};
}

const describeAttribute = handler((context, input: DescribeInstanceAttributeRequest): InstanceAttribute => {
  const { id } = existing(context.world, context.region.instances, { kind: "instance", id: input.InstanceId });
  const instance = context.world.see(context.region.instances, id);
  if (!instance) return {};
  const primary = interfacesOf(context, instance)[0];
  const attributes: Readonly<Record<string, () => InstanceAttribute>> = {
    disableApiTermination: () => ({ DisableApiTermination: { Value: instance.disableApiTermination } }),
    disableApiStop: () => ({ DisableApiStop: { Value: instance.disableApiStop } }),
    instanceInitiatedShutdownBehavior: () => ({
      InstanceInitiatedShutdownBehavior: { Value: instance.shutdownBehavior },
    }),
    instanceType: () => ({ InstanceType: { Value: instance.instanceType } }),
    userData: () => ({
      UserData: {
        Value: optional(instance.userData === null ? null : Buffer.from(instance.userData).toString("base64")),
      },
    }),
    ebsOptimized: () => ({ EbsOptimized: { Value: true } }),
    enaSupport: () => ({ EnaSupport: { Value: true } }),
    rootDeviceName: () => ({ RootDeviceName: { Value: instance.rootDeviceName } }),
    sourceDestCheck: () => ({ SourceDestCheck: { Value: primary?.sourceDestCheck ?? true } }),
    groupSet: () => ({
      Groups: (primary?.groupIds ?? []).map((groupId) => ({
        GroupId: groupId,
        GroupName: context.region.securityGroups.get(groupId)?.name,
      })),
    }),
    blockDeviceMapping: () => ({
      BlockDeviceMappings: instance.blockDevices.map((each) => ({
        DeviceName: each.deviceName,
        Ebs: {
          VolumeId: each.volumeId,
          DeleteOnTermination: each.deleteOnTermination,
          AttachTime: new Date(each.attachTime),
          Status: "attached",
        },
      })),
    }),
  };
  const look = attributes[input.Attribute ?? ""];
  if (!look) throw invalidValue(input.Attribute, "attribute", "The range does not keep this attribute.");
  return { InstanceId: id, ...look() };
});

export const instanceAttributeHandlers = {
  ModifyInstanceAttribute: modify,
  DescribeInstanceAttribute: describeAttribute,
};
