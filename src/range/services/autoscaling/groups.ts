import type {
  ActivityType,
  ScalingProcessQuery,
  TerminateInstanceInAutoScalingGroupType,
  UpdateAutoScalingGroupType,
} from "@aws-sdk/client-auto-scaling";
import { notImplemented } from "../../wire/operation.ts";
import type { AutoScalingGroup, ScalingProcess } from "../../world/scaling-model.ts";
import { terminateMember } from "../../world/scaling-members.ts";
import { handler, type Context } from "../handler.ts";
import { describeActivity } from "./descriptions.ts";
import { groupNamed, validationError } from "./errors.ts";

const UPDATED = [
  "AutoScalingGroupName",
  "MinSize",
  "MaxSize",
  "DesiredCapacity",
  "HealthCheckType",
  "HealthCheckGracePeriod",
  "NewInstancesProtectedFromScaleIn",
];

/**
 * A minimum above what is wanted raises it, a maximum below it lowers it, where the call gives no desired capacity.
 * https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html
 */
const update = handler((context, input: UpdateAutoScalingGroupType) => {
  const group = groupNamed(context, input.AutoScalingGroupName);
  for (const [name, value] of Object.entries(input))
    if (value !== undefined && !UPDATED.includes(name))
      throw notImplemented("autoscaling", `UpdateAutoScalingGroup with ${name}`);
  const minSize = input.MinSize ?? group.minSize;
  const maxSize = input.MaxSize ?? group.maxSize;
  if (minSize < 0 || minSize > maxSize)
    throw validationError(context, `Max bound, ${maxSize}, must be greater than or equal to min bound, ${minSize}`);
  const desired = input.DesiredCapacity ?? Math.min(Math.max(group.desiredCapacity, minSize), maxSize);
  if (desired < minSize || desired > maxSize)
    throw validationError(
      context,
      `Desired capacity:${desired} must be between the specified min size:${minSize} and max size:${maxSize}`,
    );
  const { HealthCheckType: type } = input;
  if (type !== undefined && type !== "EC2" && type !== "ELB")
    throw validationError(context, `Invalid health check type: ${type}`);
  context.world.change(group, () => {
    Object.assign(group, {
      minSize,
      maxSize,
      desiredCapacity: desired,
      healthCheckType: type ?? group.healthCheckType,
    });
    group.healthCheckGracePeriodSeconds = input.HealthCheckGracePeriod ?? group.healthCheckGracePeriodSeconds;
    group.newInstancesProtectedFromScaleIn =
      input.NewInstancesProtectedFromScaleIn ?? group.newInstancesProtectedFromScaleIn;
  });
  return {};
});

/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html */
const PROCESSES: readonly ScalingProcess[] = [
  "Launch",
  "Terminate",
  "AddToLoadBalancer",
  "AlarmNotification",
  "AZRebalance",
  "HealthCheck",
  "InstanceRefresh",
  "ReplaceUnhealthy",
  "ScheduledActions",
];

/** The processes a call names; all of them where it names none. */
function processesNamed(context: Context, names: readonly string[] = []): readonly ScalingProcess[] {
  const unknown = names.find((name) => !PROCESSES.some((process) => process === name));
  if (unknown !== undefined) throw validationError(context, `Invalid scaling process: ${unknown}`);
  return names.length === 0 ? PROCESSES : PROCESSES.filter((process) => names.includes(process));
}

const suspend = handler((context, input: ScalingProcessQuery) =>
  setSuspended(context, input, (group, named) => [...new Set([...group.suspendedProcesses, ...named])]),
);

const resume = handler((context, input: ScalingProcessQuery) =>
  setSuspended(context, input, (group, named) => group.suspendedProcesses.filter((each) => !named.includes(each))),
);

function setSuspended(
  context: Context,
  input: ScalingProcessQuery,
  next: (group: AutoScalingGroup, named: readonly ScalingProcess[]) => ScalingProcess[],
): Record<string, never> {
  const group = groupNamed(context, input.AutoScalingGroupName);
  const named = processesNamed(context, input.ScalingProcesses);
  context.world.change(group, () => (group.suspendedProcesses = next(group, named)));
  return {};
}

/** https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_TerminateInstanceInAutoScalingGroup.html */
const terminate = handler((context, input: TerminateInstanceInAutoScalingGroupType): ActivityType => {
  const id = input.InstanceId ?? "";
  const group = [...context.region.autoScalingGroups.values()].find(({ members }) => members.has(id));
  const member = group?.members.get(id);
  if (!group || !member)
    throw validationError(context, `Instance Id not found - No managed instance found for instance ID: ${id}`);
  if (input.ShouldDecrementDesiredCapacity) {
    if (group.desiredCapacity <= group.minSize)
      throw validationError(
        context,
        `Currently, desiredSize equals minSize (${group.minSize}). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.`,
      );
    context.world.change(group, () => (group.desiredCapacity -= 1));
  }
  terminateMember(context, group, member, {
    cause: "an instance was taken out of service in response to a user request.",
    waits: true,
  });
  const [activity] = group.activities;
  return { Activity: activity ? describeActivity(group, activity) : undefined };
});

export const scalingGroupHandlers = {
  UpdateAutoScalingGroup: update,
  SuspendProcesses: suspend,
  ResumeProcesses: resume,
  TerminateInstanceInAutoScalingGroup: terminate,
};
