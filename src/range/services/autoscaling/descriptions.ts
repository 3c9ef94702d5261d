import type {
  Activity,
  AutoScalingGroup as SdkGroup,
  AutoScalingGroupNamesType,
  AutoScalingGroupsType,
  AutoScalingInstancesType,
  ActivitiesType,
  DescribeAutoScalingInstancesType,
  DescribeScalingActivitiesType,
  Instance as SdkMember,
} from "@aws-sdk/client-auto-scaling";
import type { AutoScalingGroup, GroupMember, ScalingActivity } from "../../world/scaling-model.ts";
import { handler, type Context } from "../handler.ts";
import { page } from "../pages.ts";
import { groupNamed } from "./errors.ts";

interface PageInput {
  readonly MaxRecords?: number | undefined;
  readonly NextToken?: string | undefined;
}

function paged<T>(context: Context, items: readonly T[], input: PageInput, pageSize: number) {
  return page(items, {
    operation: context.call.operation,
    limit: input.MaxRecords,
    token: input.NextToken,
    pageSize: Math.min(pageSize, context.pageSize),
    range: [1, 100],
  });
}

/** 50 groups on a page where the call does not say: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html */
const describeGroups = handler((context, input: AutoScalingGroupNamesType): AutoScalingGroupsType => {
  const { AutoScalingGroupNames: names = [] } = input;
  const groups = context.world
    .list(context.region.autoScalingGroups)
    .filter(({ id }) => names.length === 0 || names.includes(id));
  const { items, token } = paged(context, groups, input, 50);
  return { AutoScalingGroups: items.map((group) => describeGroup(context, group)), NextToken: token };
});

function describeGroup(context: Context, group: AutoScalingGroup): SdkGroup {
  const zones = group.subnetIds.flatMap((id) => context.region.subnets.get(id)?.availabilityZone ?? []);
  return {
    AutoScalingGroupName: group.id,
    AutoScalingGroupARN: group.arn,
    LaunchTemplate: launchTemplate(group),
    MinSize: group.minSize,
    MaxSize: group.maxSize,
    DesiredCapacity: group.desiredCapacity,
    DefaultCooldown: 300,
    AvailabilityZones: [...new Set(zones)],
    LoadBalancerNames: [],
    TargetGroupARNs: group.targetGroupArns,
    HealthCheckType: group.healthCheckType,
    HealthCheckGracePeriod: group.healthCheckGracePeriodSeconds,
    Instances: membersOf(group).map((member) => describeMember(context, group, member)),
    CreatedTime: new Date(group.createdAt),
    SuspendedProcesses: group.suspendedProcesses.map((ProcessName) => ({
      ProcessName,
      SuspensionReason: "User suspended",
    })),
    VPCZoneIdentifier: group.subnetIds.join(","),
    NewInstancesProtectedFromScaleIn: group.newInstancesProtectedFromScaleIn,
    TerminationPolicies: ["Default"],
    ServiceLinkedRoleARN: `arn:aws:iam::${context.account.id}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`,
    Tags: group.tags.map(({ key, value }) => ({
      ResourceId: group.id,
      ResourceType: "auto-scaling-group",
      Key: key,
      Value: value,
      PropagateAtLaunch: true,
    })),
  };
}

function membersOf({ members, leaving }: AutoScalingGroup): GroupMember[] {
  return [...members.values(), ...leaving.values()];
}

function launchTemplate({ launchTemplate: { id, name, version } }: AutoScalingGroup) {
  return { LaunchTemplateId: id, LaunchTemplateName: name, Version: version };
}

function describeMember({ region }: Context, group: AutoScalingGroup, member: GroupMember): SdkMember {
  return {
    InstanceId: member.instanceId,
    InstanceType: region.instances.get(member.instanceId)?.instanceType,
    AvailabilityZone: member.availabilityZone,
    LifecycleState: member.lifecycleState,
    HealthStatus: member.healthStatus,
    LaunchTemplate: launchTemplate(group),
    ProtectedFromScaleIn: member.protectedFromScaleIn,
  };
}

/** Ids that no group has are left out, not refused: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingInstances.html */
const describeInstances = handler((context, input: DescribeAutoScalingInstancesType): AutoScalingInstancesType => {
  const { InstanceIds: ids = [] } = input;
  const details = context.world.list(context.region.autoScalingGroups).flatMap((group) =>
    membersOf(group)
      .filter(({ instanceId }) => ids.length === 0 || ids.includes(instanceId))
      .map((member) => ({
        ...describeMember(context, group, member),
        InstanceId: member.instanceId,
        AvailabilityZone: member.availabilityZone,
        HealthStatus: member.healthStatus.toUpperCase(), // This operation writes it in capitals.
        ProtectedFromScaleIn: member.protectedFromScaleIn,
        AutoScalingGroupName: group.id,
      })),
  );
  const { items, token } = paged(context, details, input, 50);
  return { AutoScalingInstances: items, NextToken: token };
});

const describeActivities = handler((context, input: DescribeScalingActivitiesType): ActivitiesType => {
  const groups =
    input.AutoScalingGroupName === undefined
      ? [...context.region.autoScalingGroups.values()]
      : [groupNamed(context, input.AutoScalingGroupName)];
  const activities = groups.flatMap((group) => group.activities.map((each) => describeActivity(group, each)));
  const { items, token } = paged(context, activities, input, 100);
  return { Activities: items, NextToken: token };
});

/** The newest comes first. */
export function describeActivity(group: AutoScalingGroup, activity: ScalingActivity): Activity {
  return {
    ActivityId: activity.id,
    AutoScalingGroupName: group.id,
    AutoScalingGroupARN: group.arn,
    Description: activity.description,
    Cause: activity.cause,
    StartTime: new Date(activity.startedAt),
    StatusCode: "InProgress",
    Progress: 50,
    Details: "{}",
  };
}

export const descriptionHandlers = {
  DescribeAutoScalingGroups: describeGroups,
  DescribeAutoScalingInstances: describeInstances,
  DescribeScalingActivities: describeActivities,
};
