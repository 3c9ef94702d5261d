import type {
  DescribeInstanceAttributeRequest,
  InstanceAttribute,
  InstanceStateChange,
  ModifyInstanceAttributeRequest,
  ModifyInstanceMetadataOptionsRequest,
  ModifyInstanceMetadataOptionsResult,
  StartInstancesRequest,
  StartInstancesResult,
  StopInstancesRequest,
  StopInstancesResult,
  TerminateInstancesRequest,
  TerminateInstancesResult,
} from "@aws-sdk/client-ec2";
import { notImplemented } from "../../wire/operation.ts";
import { startInstance, stopInstance, terminateInstance } from "../../world/instance-states.ts";
import type { Instance } from "../../world/model.ts";
import { interfacesOf } from "../../world/place.ts";
import { handler, optional, type Context } from "../handler.ts";
import { ec2Error, existing, invalidValue, missingParameter } from "./errors.ts";
import { describeMetadataOptions, describeState } from "./instances.ts";
import { checkGroups } from "./interfaces.ts";

const ATTRIBUTES = [
  "SourceDestCheck",
  "DisableApiStop",
  "Attribute",
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
const modify = handler((context, input: ModifyInstanceAttributeRequest) => {
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
  if (DisableApiStop) return refuseSpot(instance, (each) => (each.disableApiStop = DisableApiStop.Value ?? false));
  if (shutdown) {
    const { Value } = shutdown;
    if (Value !== "stop" && Value !== "terminate")
      throw invalidValue(Value, "instanceInitiatedShutdownBehavior", "It must be stop or terminate.");
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

/** How long new options stay `pending`; AWS gives no number. */
const METADATA_OPTIONS_APPLY_MS = 3000;

const modifyMetadata = handler(
  (context, input: ModifyInstanceMetadataOptionsRequest): ModifyInstanceMetadataOptionsResult => {
    const instance = existing(context.world, context.region.instances, { kind: "instance", id: input.InstanceId });
    if (instance.state !== "running" && instance.state !== "stopped") throw wrongState(instance);
    refuseIfManaged(instance);
    const hops = input.HttpPutResponseHopLimit;
    if (hops !== undefined && (hops < 1 || hops > 64))
      throw invalidValue(hops, "httpPutResponseHopLimit", "It must be between 1 and 64.");
    context.world.change(instance, ({ metadataOptions }) => {
      metadataOptions.httpEndpoint = input.HttpEndpoint ?? metadataOptions.httpEndpoint;
      metadataOptions.httpTokens = input.HttpTokens ?? metadataOptions.httpTokens;
      metadataOptions.httpPutResponseHopLimit = hops ?? metadataOptions.httpPutResponseHopLimit;
      metadataOptions.httpProtocolIpv6 = input.HttpProtocolIpv6 ?? metadataOptions.httpProtocolIpv6;
      metadataOptions.instanceMetadataTags = input.InstanceMetadataTags ?? metadataOptions.instanceMetadataTags;
      metadataOptions.state = "pending";
      metadataOptions.transition = { at: context.world.now() + METADATA_OPTIONS_APPLY_MS };
    });
    return {
      InstanceId: instance.id,
      InstanceMetadataOptions: { ...describeMetadataOptions(instance), State: "pending" },
    };
  },
);

function named(context: Context, ids: readonly string[] | undefined): Instance[] {
  if (!ids || ids.length === 0) throw missingParameter("InstanceId");
  return ids.map((id) => existing(context.world, context.region.instances, { kind: "instance", id }));
}

/** All of them or none: every check comes before the first change. */
function moveAll(instances: readonly Instance[], move: (instance: Instance) => boolean): InstanceStateChange[] {
  return instances.map((instance) => {
    const before = instance.state;
    if (!move(instance)) throw wrongState(instance);
    return {
      InstanceId: instance.id,
      PreviousState: describeState(before),
      CurrentState: describeState(instance.state),
    };
  });
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StopInstances.html */
const stop = handler((context, input: StopInstancesRequest): StopInstancesResult => {
  const instances = named(context, input.InstanceIds);
  for (const instance of instances) {
    refuseIfManaged(instance);
    if (instance.disableApiStop)
      throw ec2Error(
        "OperationNotPermitted",
        `The instance '${instance.id}' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.`,
      );
    if (instance.rootDeviceType === "instance-store")
      throw ec2Error(
        "UnsupportedOperation",
        `The instance '${instance.id}' does not have an 'ebs' root device type and cannot be stopped.`,
      );
    if (instance.spotRequest?.kind === "one-time")
      throw ec2Error(
        "UnsupportedOperation",
        `You can't stop the Spot Instance '${instance.id}' because it is associated with a one-time Spot Instance request.`,
      );
    if (!["pending", "running", "stopping", "stopped"].includes(instance.state)) throw wrongState(instance);
  }
  return { StoppingInstances: moveAll(instances, (instance) => stopInstance(context, instance)) };
});

const start = handler((context, input: StartInstancesRequest): StartInstancesResult => {
  const instances = named(context, input.InstanceIds);
  for (const instance of instances)
    if (!["pending", "running", "stopped"].includes(instance.state)) throw wrongState(instance);
  return { StartingInstances: moveAll(instances, (instance) => startInstance(context, instance)) };
});

/** Stop protection blocks termination too: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-stop-protection.html */
const terminate = handler((context, input: TerminateInstancesRequest): TerminateInstancesResult => {
  const instances = named(context, input.InstanceIds);
  for (const instance of instances) {
    refuseIfManaged(instance);
    const attribute = instance.disableApiTermination
      ? "disableApiTermination"
      : instance.disableApiStop
        ? "disableApiStop"
        : null;
    if (attribute)
      throw ec2Error(
        "OperationNotPermitted",
        `The instance '${instance.id}' may not be terminated. Modify its '${attribute}' instance attribute and try again.`,
      );
  }
  return { TerminatingInstances: moveAll(instances, (instance) => terminateInstance(context, instance)) };
});

function refuseIfManaged({ id, operator }: Instance): void {
  if (operator?.managed)
    throw ec2Error(
      "OperationNotPermitted",
      `The instance '${id}' is managed by ${operator.principal ?? "a service"} and cannot be modified.`,
    );
}

function wrongState({ id, state }: Instance): Error {
  return ec2Error(
    "IncorrectInstanceState",
    `The instance '${id}' is not in a state from which it can be changed so: '${state}'.`,
  );
}

export const instanceChangeHandlers = {
  ModifyInstanceAttribute: modify,
  DescribeInstanceAttribute: describeAttribute,
  ModifyInstanceMetadataOptions: modifyMetadata,
  StopInstances: stop,
  StartInstances: start,
  TerminateInstances: terminate,
};
