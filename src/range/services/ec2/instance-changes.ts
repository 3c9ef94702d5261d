import type {
  InstanceStateChange,
  ModifyInstanceMetadataOptionsRequest,
  ModifyInstanceMetadataOptionsResult,
  RebootInstancesRequest,
  StartInstancesRequest,
  StartInstancesResult,
  StopInstancesRequest,
  StopInstancesResult,
  TerminateInstancesRequest,
  TerminateInstancesResult,
} from "@aws-sdk/client-ec2";
import { startInstance, stopInstance, terminateInstance } from "../../world/instance-states.ts";
import type { Instance } from "../../world/model.ts";
import { handler, type Context } from "../handler.ts";
import { ec2Error, existing, invalidValue, missingParameter } from "./errors.ts";
import { refuseIfManaged, wrongState } from "./instance-refusals.ts";
import { describeMetadataOptions, describeState } from "./instances.ts";

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
  const isAbrupt = input.SkipOsShutdown === true || input.Force === true;
  return { StoppingInstances: moveAll(instances, (instance) => stopInstance(context, instance, { isAbrupt })) };
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
  const isAbrupt = input.SkipOsShutdown === true || input.Force === true;
  return { TerminatingInstances: moveAll(instances, (instance) => terminateInstance(context, instance, { isAbrupt })) };
});

/** Memory is lost, addresses and instance store stay: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-reboot.html */
const reboot = handler((context, input: RebootInstancesRequest) => {
  const instances = named(context, input.InstanceIds);
  for (const instance of instances) {
    refuseIfManaged(instance);
    if (instance.state !== "running") throw wrongState(instance);
  }
  for (const instance of instances) context.world.change(instance, () => (instance.reboots += 1));
  return {};
});

export const instanceChangeHandlers = {
  ModifyInstanceMetadataOptions: modifyMetadata,
  StopInstances: stop,
  StartInstances: start,
  TerminateInstances: terminate,
  RebootInstances: reboot,
};
